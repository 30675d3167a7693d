import { runChaos } from '../../system/chaos/run-chaos.js'
import type { Part, Violation } from './part.js'

/** Rounds that one fleet of processes plays; then another takes its place. */
const ROUNDS_A_FLEET = 50

/** Of so many fleets one has servers of several processes. */
const WITH_WORKERS = 4
const WORKERS = 2

/** Rounds of faults over real processes. */
export const chaos: Part = {
  name: 'chaos',
  what: 'rounds of chaos',
  settings: ['rounds', 'roundFrom', 'seed', 'graceMs'],
  built: true,
  async run({ settings, progress, show }) {
    const { rounds: total, roundFrom, seed, lanes, graceMs } = settings
    const violations: Violation[] = []
    const blame = (violation: Violation): void => {
      violations.push(violation)
      show(violation)
    }
    const byFault: Record<string, { rounds: number; slowestMs: number }> = {}
    let done = 0
    let next = roundFrom

    const playFleet = async (from: number, rounds: number): Promise<void> => {
      const replay = (until: number): string =>
        `npm run prove -- --json none --only chaos --seed ${seed} --round-from ${from} --rounds ${until - from + 1}`
      const result = await runChaos({
        rounds,
        from,
        seed,
        ...(Math.floor(from / ROUNDS_A_FLEET) % WITH_WORKERS === WITH_WORKERS - 1 && { workers: WORKERS }),
        // 0 unless asked for, the bound itself: nobody else is on the machine while something is
        // proved.
        graceMs,
        onProgress({ round, fault, stuck, convergedMs }) {
          done += 1
          const figures = (byFault[fault] ??= { rounds: 0, slowestMs: 0 })
          figures.rounds += 1
          figures.slowestMs = Math.max(figures.slowestMs, convergedMs)
          if (stuck.length > 0)
            blame({ text: `round ${round} (${fault}): stuck: ${stuck.join(', ')}`, replay: replay(round) })
          progress(done, total, `${violations.length} stuck`)
        },
      })
      if (result.regressions > 0)
        blame({
          text: `${result.regressions} times a client went back, in rounds ${from} and after`,
          replay: replay(from + rounds - 1),
        })
      if (result.deltas === 0 || result.encoded === 0)
        blame({
          text: `${result.deltas} deltas and ${result.encoded} encoded answers came in rounds ${from} and after`,
          replay: replay(from + rounds - 1),
        })
    }
    const lane = async (): Promise<void> => {
      while (next < roundFrom + total) {
        const from = next
        const rounds = Math.min(ROUNDS_A_FLEET, roundFrom + total - from)
        next += rounds
        await playFleet(from, rounds)
      }
    }
    await Promise.all(Array.from({ length: Math.max(1, lanes) }, lane))
    return { tried: done, violations, figures: { byFault } }
  },
}
