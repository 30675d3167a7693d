import { PLANTED_BUGS, type PlantedBug } from './bugs.js'
import { runMany } from './run-many.js'

export { PLANTED_BUGS }

/** How a hunt ended. */
export interface Found {
  /** How many seeds it took. */
  readonly seeds: number
  readonly oracle?: string
  readonly seed?: number
  /** Whether one of the oracles that the bug names reported it. */
  readonly expected: boolean
}

/** Runs fresh seeds over a bundle with a planted bug until an oracle reports it. */
export async function hunt({
  file,
  bug,
  from,
  most,
  workers,
  more = [],
  mostMs = 20_000,
}: {
  file: string
  bug: PlantedBug
  from: number
  most: number
  workers: number
  /** What else the bundle is given. */
  more?: readonly string[]
  /** How long one history may take, in milliseconds. */
  mostMs?: number
}): Promise<Found> {
  const lines = await runMany({
    file,
    from,
    count: most,
    workers,
    more,
    untilFound: true,
    mostMs,
  })
  const hit = lines.find(({ violations }) => violations.length > 0)
  if (hit === undefined) return { seeds: lines.length, expected: false }
  const named = hit.violations.find(({ oracle }) => bug.oracles.includes(oracle))
  return {
    seeds: lines.length,
    seed: hit.seed,
    oracle: (named ?? hit.violations[0])?.oracle ?? '',
    expected: named !== undefined,
  }
}
