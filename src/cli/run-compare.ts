import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  assumptionsOf,
  compare,
  comparisonPage,
  headlineOf,
  loadWorkload,
  measureCosts,
  methodOf,
  outcomeOf,
  presets,
  tableOf,
  withDocuments,
  workloadSchema,
  type CompareOptions,
  type Comparison,
  type Costs,
  type WorkloadInput,
} from '../compare/index.js'
import { readJsonText } from '../core/json/json-text.js'
import type { CommandContext } from './command.js'
import { EXIT, usageError, type ExitStatus } from './exit.js'
import { wrap } from './help.js'
import { inputPath, readText } from './inputs.js'
import { readBytes, readMs, readNumber, readShare } from './quantities.js'
import { readModel } from './read-model.js'
import type { Cell } from './table.js'

/**
 * Runs `noticeboard compare`: apart from what the command line says of it, since it loads far more
 * than any other command.
 *
 * ```ts
 * const status = await runCompare(context)
 * ```
 */
export async function runCompare(context: CommandContext): Promise<ExitStatus> {
  const { io, args, print, json } = context
  if (args.flag('schema')) {
    print.data(`${JSON.stringify(workloadSchema(), null, 2)}\n`)
    return EXIT.ok
  }
  const input = await readInput(context)
  const html = args.text('html')
  const models = args.texts('model').map(readModel)
  const depth = readDepth(context)
  // It takes minutes, as was asked for, and tells where it stands by itself.
  if (depth.depth !== 'formula' || args.flag('calibrate')) io.doing?.(undefined)
  const result = await compare(input, {
    ...(models.length > 0 && { models }),
    ...depth,
    costs: await readCosts(context),
    map: html !== undefined,
    signal: io.signal,
    onProgress: ({ model, step }) => print.note(`${model}: ${step}`),
  })
  if (html !== undefined) {
    await writeFile(resolve(io.cwd, html), comparisonPage(result))
    print.note(`the page is ${html}`)
  }
  if (json) print.jsonLine(result)
  else show(result, context)
  return result.recommendation.model === undefined ? EXIT.failed : EXIT.ok
}

/** How many clients a quick look takes. */
const QUICK_CLIENTS = { simulation: 500, run: 200 } as const

/** How deeply to look. */
function readDepth({
  args,
}: CommandContext): Pick<CompareOptions, 'depth' | 'mostClients' | 'seed' | 'cli' | 'quick'> {
  const depth = args.text('depth') ?? 'formula'
  const seed = args.integer('seed', 0)
  const most = args.integer('most', 1)
  const quick = args.flag('quick')
  if (depth !== 'formula' && depth !== 'simulation' && depth !== 'run')
    throw usageError('--depth must be formula, simulation or run')
  if (depth === 'formula') {
    if (quick || most !== undefined || seed !== undefined)
      throw usageError('--quick, --most and --seed need --depth=simulation or --depth=run')
    return { depth }
  }
  const mostClients = most ?? (quick ? QUICK_CLIENTS[depth] : undefined)
  return {
    depth,
    ...(seed !== undefined && { seed }),
    ...(mostClients !== undefined && { mostClients }),
    ...(depth === 'run' && { cli: process.argv[1] ?? '', quick }),
  }
}

/** The workload: a file or a preset, and what options say on top. */
async function readInput({ io, args }: CommandContext): Promise<WorkloadInput> {
  const [file] = args.positionals
  const named = args.text('preset')
  if (file !== undefined && named !== undefined)
    throw usageError('give a workload file or --preset, not both')
  const base =
    file !== undefined
      ? await loadWorkload(resolve(io.cwd, file), { signal: io.signal })
      : named === undefined
        ? undefined
        : presetOf(named)
  const clients = readNumber(args, 'clients')
  if (base === undefined && clients === undefined)
    throw usageError(
      'the workload is missing: pass a workload file, --preset NAME, or --clients N and --document FILE',
    )
  const [document, next] = ['document', 'next'].map(name => {
    const path = args.text(name)
    return path === undefined ? undefined : resolve(io.cwd, path)
  })
  const bytes = readBytes(args, 'bytes')
  const changesPerDay = readNumber(args, 'changes-per-day')
  const restartsPerDay = readNumber(args, 'restarts-per-day')
  const servers = readNumber(args, 'servers')
  const offlineShare = readShare(args, 'offline')
  const killSwitchMs = readMs(args, 'kill-switch')
  const routineMs = readMs(args, 'routine')
  const { documentBytes, encodedBytes, ...rest } = base ?? {}
  const given = {
    ...rest,
    clients: clients ?? base?.clients ?? 0,
    ...(bytes !== undefined
      ? { documentBytes: bytes }
      : document === undefined && documentBytes !== undefined
        ? { documentBytes, ...(encodedBytes !== undefined && { encodedBytes }) }
        : {}),
    ...(changesPerDay !== undefined && { changesPerDay }),
    ...(restartsPerDay !== undefined && { restartsPerDay }),
    ...(servers !== undefined && { servers }),
    ...(offlineShare !== undefined && { offlineShare }),
    deadlines: {
      ...base?.deadlines,
      ...(killSwitchMs !== undefined && { killSwitchMs }),
      ...(routineMs !== undefined && { routineMs }),
    },
  }
  if (given.documentBytes === undefined && document === undefined)
    throw usageError('the size of the document is missing: pass --document FILE or --bytes N')
  return withDocuments(given, { document, next, signal: io.signal })
}

function presetOf(name: string): WorkloadInput {
  const preset = presets.find(known => known.name === name)
  if (preset !== undefined) return preset.workload
  throw usageError(`--preset must be one of ${presets.map(known => known.name).join(', ')}`)
}

async function readCosts({ io, args, inputs, print }: CommandContext): Promise<'recorded' | Costs> {
  const file = args.text('costs')
  const save = args.text('save-costs')
  const calibrates = args.flag('calibrate')
  if (file !== undefined && calibrates) throw usageError('give --costs or --calibrate, not both')
  if (save !== undefined && !calibrates) throw usageError('--save-costs needs --calibrate')
  if (file !== undefined) {
    const text = await readText(inputs, inputPath(io, file), 'the costs file')
    return readJsonText(text, { what: 'the costs file' }) as unknown as Costs
  }
  if (!calibrates) return 'recorded'
  const costs = await measureCosts({
    cli: process.argv[1] ?? '',
    signal: io.signal,
    onProgress: text => print.note(`measuring: ${text}`),
  })
  if (save !== undefined) await writeFile(resolve(io.cwd, save), `${JSON.stringify(costs, null, 2)}\n`)
  return costs
}

function show(result: Comparison, { print }: CommandContext): void {
  const { headings, lines } = tableOf(result)
  print.data(
    `${print.style('bold', headlineOf(result))}\n${print.style('dim', `${methodOf(result)}\n${assumptionsOf(result)}`)}\n\n`,
  )
  print.table(
    [...headings, ' '],
    lines.map(({ cells, fits, mark }): readonly Cell[] => [
      ...cells.map((text, column): Cell => (column === 1 ? { text, tone: fits ? 'green' : 'red' } : text)),
      mark === '' ? undefined : { text: mark, tone: 'bold' },
    ]),
  )
  for (const { title, points } of outcomeOf(result)) {
    print.data(`\n${print.style('bold', title)}\n`)
    for (const point of points) print.data(`  - ${wrap(point).join('\n    ')}\n`)
  }
}
