import type { Basis } from '../row-of.js'
import { verdictAt, type Contenders } from './contenders.js'
import { withInput } from './crossings.js'
import type { Weights } from './recommend.js'

/** Which model is taken for other fleets and other deadlines; everything else as it was given. */
export interface CrossoverMap {
  /** Numbers of clients, ascending: a column each. */
  readonly clients: readonly number[]
  /**
   * Deadlines of a kill switch, ascending: a line each. A routine change has the deadline that was
   * given; where none was, five minutes, and no less time than a kill switch.
   */
  readonly killSwitchMs: readonly number[]
  /**
   * The names of models, a list for each deadline; of default ones, which are fitted to each place,
   * their kinds: `hybrid`, `push`, `pull` and `adaptive`. Null where none fits.
   */
  readonly taken: readonly (readonly (string | null)[])[]
  /** In the same order what comes to the same as that within 15 %, the cheapest of another name. */
  readonly tied: readonly (readonly (string | null)[])[]
}

const COLUMNS = 48
const LINES = 24
const CLIENTS: readonly [number, number] = [10, 1_000_000]
const DEADLINES_MS: readonly [number, number] = [100, 3_600_000]

/**
 * Draws up a map of verdicts by the formulas.
 *
 * ```ts
 * crossoverMapOf(fittedModels('formula'), { workload, costs, weights }).taken[0]
 * ```
 */
export function crossoverMapOf(
  contenders: Contenders,
  { workload, costs, weights }: Basis & { readonly weights: Weights },
): CrossoverMap {
  const clients = logarithmic(CLIENTS, COLUMNS).map(Math.round)
  const killSwitchMs = logarithmic(DEADLINES_MS, LINES)
  const verdicts = killSwitchMs.map(ms =>
    clients.map(of => {
      const at = withInput({ ...workload, clients: of }, 'killSwitchMs', ms)
      const { best, ties } = verdictAt(contenders, { workload: at, costs }, weights)
      return {
        taken: best?.kind ?? null,
        tied: ties.find(({ kind }) => kind !== best?.kind)?.kind ?? null,
      }
    }),
  )
  return {
    clients,
    killSwitchMs,
    taken: verdicts.map(line => line.map(({ taken }) => taken)),
    tied: verdicts.map(line => line.map(({ tied }) => tied)),
  }
}

/** Numbers with one ratio between each two, the middles of as many parts. */
function logarithmic([least, most]: readonly [number, number], parts: number): readonly number[] {
  const ratio = most / least
  return Array.from({ length: parts }, (_, index) => least * ratio ** ((index + 0.5) / parts))
}
