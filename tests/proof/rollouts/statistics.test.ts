import jstat from 'jstat'
import { describe, expect, test } from 'vitest'
import { eValue } from '../../../src/rollouts/e-process.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { eProcess, repeatedExactTest, runStage, type StageKind, type Watcher } from './stage-trial.js'
import { brokenPromises, sayRow, shareOf, simulateStages, worstOf, type Row } from './statistics.js'

/** A share of what `npm run prove -- --only statistics` simulates 10,000 times. */
const TRIALS = Number(process.env['NOTICEBOARD_STAGES'] ?? 300)

const rows = simulateStages(TRIALS, 1)
const rowIn = (watcher: string, stage: string): Row => {
  const row = rows.find(each => each.watcher === watcher && each.stage.startsWith(stage))
  if (row === undefined) throw new Error(`nobody watches ${stage} with ${watcher}`)
  return row
}
const shareIn = (watcher: string, stage: string): number => shareOf(rowIn(watcher, stage))
const failedIn = (watcher: string, stage: string): number =>
  rowIn(watcher, stage).failedAtAlarm ?? Number.POSITIVE_INFINITY
const worst = (watcher: string, of?: (row: Row) => boolean): number => worstOf(rows, watcher, of)

describe('stages of a candidate that changes nothing', () => {
  test('are rolled back in one of a hundred at most and paused in one of twenty, for every background and size', () => {
    expect(brokenPromises(rows), rows.map(sayRow).join('\n')).toEqual([])
  })

  test('are stopped far more often by thresholds, and by an exact test that is looked at again and again', () => {
    expect(worst('more than 1 % failed')).toBeGreaterThan(0.9)
    expect(shareIn('more than 1 % failed', '30 of 60, 0.5 %')).toBeGreaterThan(0.08)
    expect(worst('exact test at 5 %, repeated')).toBeGreaterThan(0.2)
  })

  test('of hosts that die whole are rolled back often where clients are counted, and hardly where hosts are', () => {
    const together = (row: Row): boolean => row.stage.includes('die whole')
    expect(worst('e >= 100', together)).toBeGreaterThan(0.2)
    expect(worst('e >= 100, hosts counted', together)).toBeLessThan(0.03)
  })
})

describe('stages of a candidate that harms', () => {
  test('are rolled back after few failed clients, the sooner the more of them are outside', () => {
    expect(shareIn('e >= 100', '6 of 60, the candidate hits 100 %, 0.5 %')).toBe(1)
    expect(shareIn('e >= 100', '100 of 1000, the candidate hits 20 %, 0.5 %')).toBeGreaterThan(0.98)
    expect(shareIn('e >= 100', '100 of 10000, the candidate hits 10 %, 0.5 %')).toBeGreaterThan(0.95)
    expect(failedIn('e >= 100', '100 of 10000, the candidate hits 50 %, 0.5 %')).toBeLessThan(3)
  })

  test.each([
    [0.1, 4],
    [0.5, 5],
    [1, 6],
    [2, 8],
    [5, 13],
  ])('are rolled back where %d %% fail anyway, after %d failed clients at most', (background, most) => {
    const stage = `100 of 1000, the candidate hits 20 %, ${background} %`
    expect(shareIn('e >= 100', stage)).toBeGreaterThan(0.93)
    expect(failedIn('e >= 100', stage)).toBeLessThan(most)
    // Those that stop far more of what does no harm need fewer, and pause before they roll back.
    expect(failedIn('more than 1 % failed', stage)).toBeLessThan(failedIn('e >= 100', stage))
    expect(failedIn('exact test at 5 %, repeated', stage)).toBeLessThan(failedIn('e >= 100', stage))
    expect(failedIn('e >= 20', stage)).toBeLessThan(failedIn('e >= 100', stage))
  })

  test('are found later, and in fewer stages, the more clients fail anyway', () => {
    const stages = [0.1, 0.5, 1, 2, 5].map(
      background => `100 of 10000, the candidate hits 10 %, ${background} %`,
    )
    const failed = stages.map(stage => failedIn('e >= 100', stage))
    expect(failed).toEqual(failed.toSorted((a, b) => a - b))
    expect(shareIn('e >= 100', stages.at(-1) ?? '')).toBeLessThan(shareIn('e >= 100', stages[0] ?? ''))
  })
})

describe('the measure itself', () => {
  const kind: StageKind = { exposed: 1_000, control: 9_000, background: 0.01 }
  const shareOfAlarms = (watcher: Watcher): number => {
    const random = seededRandom(7)
    let alarms = 0
    for (let trial = 0; trial < 400; trial += 1)
      if (runStage(kind, [watcher], random)[0] !== undefined) alarms += 1
    return alarms / 400
  }

  test('takes the exact test for what it is, also where hundreds have failed', () => {
    for (const [failedExposed, failedControl] of [
      [1, 0],
      [2, 40],
      [5, 495],
      [9, 495],
      [10, 495],
    ] as const) {
      const all = failedExposed + failedControl
      let chance = 0
      for (let hits = failedExposed; hits <= all; hits += 1) chance += jstat.binomial.pdf(hits, all, 0.01)
      const counts = { exposed: 100, control: 9_900, failedExposed, failedControl }
      expect([failedExposed, repeatedExactTest.alarms(counts)]).toEqual([failedExposed, chance <= 0.05])
    }
  })

  test('finds that only a part of the control was counted, and that a failure was counted twice', () => {
    expect(shareOfAlarms(eProcess(100))).toBeLessThan(0.02)
    const part: Watcher = {
      name: 'a tenth of the control',
      alarms: counts => eValue({ ...counts, failedControl: Math.floor(counts.failedControl / 10) }) >= 100,
    }
    expect(shareOfAlarms(part)).toBeGreaterThan(0.5)
    const twice: Watcher = {
      name: 'each failure twice',
      alarms: counts => eValue({ ...counts, failedExposed: 2 * counts.failedExposed }) >= 100,
    }
    expect(shareOfAlarms(twice)).toBeGreaterThan(0.2)
  })
})
