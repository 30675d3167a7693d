import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { checkComparison } from '../compare/compare.js'
import {
  assumptionsOf,
  compare,
  comparisonPage,
  headlineOf,
  methodOf,
  outcomeOf,
  tableOf,
  workloadSchema,
  type CompareOptions,
  type Comparison,
} from '../compare/index.js'
import type { CommandContext } from './command.js'
import { calibrate, checkWritable, readCosts } from './compare-files.js'
import { readInput } from './compare-workload.js'
import { EXIT, usageError, type ExitStatus } from './exit.js'
import { wrap } from './help.js'
import { readMs, readShare } from './quantities.js'
import { readModels } from './read-model.js'
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
  const { input, preset } = await readInput(context)
  const html = args.text('html')
  const models = readModels(args.texts('model'))
  const humanMs = readMs(args, 'human')
  const depth = readDepth(context)
  const known = await readCosts(context)
  const options: CompareOptions = {
    ...(models.length > 0 && { models }),
    ...depth,
    ...readWeights(context),
    ...(preset !== undefined && { preset }),
    ...(humanMs !== undefined && { blast: { humanMs } }),
    map: html !== undefined,
    signal: io.signal,
    onProgress: ({ model, step }) => print.note(`${model}: ${step}`),
  }
  // Before minutes pass: everything that could be wrong with it.
  checkComparison(input, options)
  await checkWritable(context, 'html')
  await checkWritable(context, 'save-costs')
  // It takes minutes, as was asked for, and tells where it stands by itself.
  if (depth.depth !== 'formula' || known === undefined) io.doing?.(undefined)
  const costs = known ?? (await calibrate(context))
  const result = await compare(input, { ...options, costs })
  if (json) print.jsonLine(result)
  else show(result, context)
  if (html !== undefined) {
    await writeFile(resolve(io.cwd, html), comparisonPage(result))
    print.note(`the page is ${html}`)
  }
  return result.recommendation.model === undefined ? EXIT.unfit : EXIT.ok
}

/** How much bytes count beside processor time. */
function readWeights({ args }: CommandContext): Pick<CompareOptions, 'weights'> {
  const bytes = readShare(args, 'bytes-weight', '30%')
  if (bytes === undefined) return {}
  if (bytes > 1) throw usageError('--bytes-weight must be from 0 % to 100 %')
  // As people write it: 0.1 beside 0.9, and no hair less.
  return { weights: { cpu: Number((1 - bytes).toFixed(9)), bytes } }
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
  if (seed !== undefined && depth !== 'simulation')
    throw usageError('--seed needs --depth=simulation; nothing else is drawn from it')
  if (depth === 'formula') {
    if (quick || most !== undefined)
      throw usageError('--quick and --most need --depth=simulation or --depth=run')
    return { depth }
  }
  const mostClients = most ?? (quick ? QUICK_CLIENTS[depth] : undefined)
  return {
    depth,
    ...(seed !== undefined && { seed }),
    ...(mostClients !== undefined && { mostClients }),
    ...(process.argv[1] !== undefined && { cli: process.argv[1] }),
    ...(depth === 'run' && { quick }),
  }
}

function show(result: Comparison, { print }: CommandContext): void {
  const { headings, lines } = tableOf(result)
  const basis = [methodOf(result), assumptionsOf(result)].flatMap(wrap).join('\n')
  print.data(`${print.style('bold', headlineOf(result))}\n${print.style('dim', basis)}\n\n`)
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
