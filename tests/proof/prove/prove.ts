import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { root } from '../sim/bundle.js'
import type { Outcome, Part, Violation } from './part.js'
import { count, createProgress, duration } from './progress.js'
import { commitOf, openRecord, type PartRecord, type RecordFile } from './record.js'
import { HELP, readArguments, type ProveArguments, type ProveSettings } from './settings.js'

/** How many violations are shown, and how many of a part are listed in the JSON file. */
const MAX_SHOWN = 20
const MAX_LISTED = 200

/** Runs parts one after the other, whatever becomes of those before; gives the exit code. */
export async function proveParts(
  parts: readonly Part[],
  argv: readonly string[],
  say: (line: string) => void = line => void process.stdout.write(`${line}\n`),
): Promise<number> {
  let asked: ProveArguments
  try {
    asked = readArguments(argv)
    for (const name of asked.only ?? [])
      if (!parts.some(part => part.name === name)) throw new Error(`there is no part ${name}`)
  } catch (error) {
    say(`prove: ${error instanceof Error ? error.message : String(error)}; --help tells what there is`)
    return 2
  }
  if (asked.help) {
    say(HELP)
    return 0
  }

  const record = await openRecord(asked.json, say)
  say(`commit ${record.commit}, Node ${process.versions.node}, ${availableParallelism()} processors`)
  const run = new Set<string>()
  let shown = 0
  const show = (part: string, { text, replay }: Violation): void => {
    shown += 1
    if (shown > MAX_SHOWN) return
    say(
      `${part.padEnd(8)} VIOLATION ${text.slice(0, 600)}${replay === undefined ? '' : `\n         replay: ${replay}`}`,
    )
    if (shown === MAX_SHOWN) say(`further violations are not shown here; ${asked.json} lists them`)
  }

  for (const part of parts) {
    if (asked.only !== undefined && !asked.only.includes(part.name)) continue
    const settings = pick(asked.settings, part.settings)
    const earlier = record.parts.get(part.name)
    const same = earlier !== undefined && JSON.stringify(earlier.settings) === JSON.stringify(settings)
    if (asked.resume && same && earlier.complete && earlier.bad === 0) {
      say(`${part.name.padEnd(8)} was proved at this commit already`)
      continue
    }
    run.add(part.name)
    const before = asked.resume && same && !earlier.complete ? earlier : undefined
    await runPart(part, {
      record,
      settings,
      before,
      asked,
      say,
      show: violation => show(part.name, violation),
    })
  }

  const told = parts.flatMap(part => {
    const found = record.parts.get(part.name)
    return found === undefined ? [] : [{ part, found, kept: !run.has(part.name) }]
  })
  say('')
  say(row(['part', 'tried', '', 'bad', 'took', '']))
  for (const { part, found, kept } of told) {
    const note = [kept ? 'from before' : '', found.complete ? '' : 'not complete'].filter(Boolean).join(', ')
    say(row([part.name, count(found.tried), part.what, count(found.bad), duration(found.seconds), note]))
  }
  const passed = told.every(({ found }) => found.bad === 0 && found.complete)
  say(`\n${passed ? 'nothing failed' : 'FAILED'}${asked.json === 'none' ? '' : `; written to ${asked.json}`}`)
  return passed ? 0 : 1
}

interface RunContext {
  readonly record: RecordFile
  readonly settings: PartRecord['settings']
  readonly before: PartRecord | undefined
  readonly asked: ProveArguments
  readonly say: (line: string) => void
  readonly show: (violation: Violation) => void
}

async function runPart(
  part: Part,
  { record, settings, before, asked, say, show }: RunContext,
): Promise<void> {
  const began = before?.began ?? new Date().toISOString()
  const beganMs = performance.now() - (before?.seconds ?? 0) * 1_000
  const put = (outcome: Outcome, complete: boolean): Promise<void> =>
    record.put(part.name, {
      commit: record.commit,
      node: process.version,
      began,
      ended: new Date().toISOString(),
      seconds: Math.round((performance.now() - beganMs) / 1_000),
      settings,
      tried: outcome.tried,
      bad: outcome.violations.length,
      complete,
      figures: outcome.figures,
      violations: outcome.violations.slice(0, MAX_LISTED),
    })
  const progress = createProgress(part.name, say)
  try {
    if (part.built === true) buildPackage()
    const outcome = await part.run({
      settings: asked.settings,
      workers: availableParallelism(),
      progress: progress.tell,
      show,
      say,
      before,
      save: outcomeSoFar => put(outcomeSoFar, false),
    })
    await put(outcome, true)
  } catch (error) {
    const violation = {
      text: `the part itself failed: ${error instanceof Error ? error.stack : String(error)}`,
    }
    show(violation)
    const sofar = record.parts.get(part.name)
    await put(
      sofar?.began === began
        ? { ...sofar, violations: [...sofar.violations, violation] }
        : { tried: 0, figures: {}, violations: [violation] },
      false,
    )
  }
  if (commitOf() !== record.commit)
    say(`${part.name.padEnd(8)} the sources were changed while it ran; what it proved is not one commit`)
}

/** Parts that start the package want it as it would be published now. */
function buildPackage(): void {
  const { status } = spawnSync(process.execPath, [`${root}/scripts/build.js`, '--if-stale'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) throw new Error('the package did not build; see the messages above')
}

function pick(settings: ProveSettings, names: readonly (keyof ProveSettings)[]): PartRecord['settings'] {
  return Object.fromEntries(names.map(name => [name, settings[name] ?? null]))
}

function row([part = '', tried = '', what = '', bad = '', took = '', note = '']: readonly string[]): string {
  return `${part.padEnd(8)}${tried.padStart(12)} ${what.padEnd(20)}${bad.padStart(6)} ${took.padStart(10)}  ${note}`.trimEnd()
}
