import { predictBlast, predictCrash, type Blast } from '../compare/blast-radius.js'
import { sayMs } from '../compare/words.js'
import type { Fleet, FleetState, Rollout } from '../publisher/index.js'
import { hearsWithinMs } from '../rollouts/index.js'
import type { Checks } from './checks.js'
import { printable } from './style.js'

/** How a dry run calls what the document was checked by. */
const CHECKED: Readonly<Record<Checks['from'], string>> = {
  option: 'the JSON Schema that was named',
  config: 'the schema of the configuration file',
  board: 'the JSON Schema kept on the board',
  none: 'no schema at all, since none is known',
}

/**
 * What a dry run foresees, a line each: whom every stage would expose and what it can see, and
 * which builds of the fleet are known to refuse the document.
 *
 * ```ts
 * for (const line of forecastLines(rollout, checks)) print.data(`${line}\n`)
 * ```
 */
export function forecastLines(
  { forecast, builds }: Pick<Rollout, 'forecast' | 'builds'>,
  { from }: Pick<Checks, 'from'>,
): readonly string[] {
  const stages = forecast.flatMap(({ stage, canSee, clients }) => [
    `  ${stage}: ${canSee}`,
    ...(clients.length > 0
      ? [`    ${clients.map(printable).join(', ')}${clients.length < 10 ? '' : ', …'}`]
      : []),
  ])
  const lasts = forecast.map(({ lastsMs }) => lastsMs)
  const each = new Set(lasts).size === 1 ? `, ${sayMs(lasts[0] ?? 0)} each` : ''
  const lasting = lasts.every(ms => ms === 0)
    ? []
    : [
        `the stages take at least ${sayMs(lasts.reduce((sum, ms) => sum + ms, 0))} in all${each}: so long it bakes`,
      ]
  const refusing = builds.map(({ build, clients, refuses, why = '' }) => {
    const count = clients === 1 ? '1 client' : `${clients} clients`
    const what = refuses === 'refused' ? `refused this document before: ${printable(why)}` : 'not known'
    return `  build ${build === undefined ? 'without a name' : printable(build)}, ${count}: ${what}`
  })
  const checked = `checked by ${CHECKED[from]}; builds do not report their own schema, so what they refuse is known from refusals alone`
  return [...stages, ...lasting, checked, ...refusing]
}

/** Who is in these states gets nothing any more. */
const GONE: ReadonlySet<FleetState> = new Set<FleetState>(['missing', 'replaced', 'stopped'])

/** What a bad document would do in this fleet: how many clients it reaches, and for how long. */
export interface ForeseenBlast {
  /** How long after it arrives it does harm, or ends the process, in milliseconds. */
  readonly showsAfterMs: number
  /** How many clients there are. */
  readonly of: number
  /** It does harm that a gate or a guardrail sees, and goes out in the stages that were planned. */
  readonly staged: Blast
  /** It ends the process, and is quarantined after the second time, in the same stages. */
  readonly crash: Blast
  /** It goes to everyone at once, and somebody takes `humanMs` to roll back. */
  readonly everyone: Blast & { readonly humanMs: number }
}

/**
 * What a bad document would do in this fleet; undefined where it goes by no stages, or nobody
 * reports. Clients with a stream have it within a second, the others within the time that they say
 * they look in.
 *
 * ```ts
 * const blast = foreseeBlast(rollout, await publisher.fleet())
 * ```
 */
export function foreseeBlast(
  { forecast }: Pick<Rollout, 'forecast'>,
  fleet: Fleet,
): ForeseenBlast | undefined {
  const [first] = forecast
  // Of a policy of one's own nobody knows how long its stages last.
  if (first === undefined || first.lastsMs === 0 || fleet.type !== 'known') return undefined
  const looksMs = fleet.members
    .filter(({ state }) => !GONE.has(state))
    .map(({ report }) => hearsWithinMs(report))
    .sort((a, b) => a - b)
  const all = looksMs.at(-1)
  if (all === undefined) return undefined
  const stalenessMs = { half: (looksMs[Math.floor(looksMs.length / 2)] ?? all) / 2, all }
  const stages = forecast.map(({ exposed }) => exposed)
  const bakeMs = forecast.at(-1)?.lastsMs ?? first.lastsMs
  const of = { clients: first.of, stalenessMs }
  const { staged, everyone, showsAfterMs, humanMs } = predictBlast(of, { stages, bakeMs })
  return {
    showsAfterMs,
    of: first.of,
    staged: { reached: staged.reached, goneMs: staged.goneMs },
    crash: predictCrash(of, { showsAfterMs, bakeMs, stages, humanMs }),
    everyone: { ...everyone, humanMs },
  }
}

/**
 * The same in one line, for people; none where it is not known.
 *
 * ```ts
 * blastLines(blast) // ['for example, a document that does harm 90 s after it arrives would reach 1 of 20 clients …']
 * ```
 */
export function blastLines(blast: ForeseenBlast | undefined): readonly string[] {
  if (blast === undefined) return []
  const { showsAfterMs, of, staged, crash, everyone } = blast
  return [
    `for example, a document that does harm ${sayMs(showsAfterMs)} after it arrives, which a gate or a guardrail sees, would reach ${staged.reached} of ${of} clients and be gone after ${sayMs(staged.goneMs)}; one that ends the process so late, and again before it is quarantined, would reach up to ${crash.reached} and be gone after ${sayMs(crash.goneMs)}; to everyone at once ${everyone.reached}, and be gone after ${sayMs(everyone.goneMs)} where somebody takes ${sayMs(everyone.humanMs)} to roll back`,
  ]
}
