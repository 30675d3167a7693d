import { describe, expect, test } from 'vitest'
import { help, readOptions } from '../../../benchmarks/options.js'
import { OutOfPatience, patienceFor, sayBusy, sayFailure } from '../../../benchmarks/patience.js'
import { factorFor, shortened } from '../../../benchmarks/strategies/periods.js'
import { createProcesses } from '../../../benchmarks/processes.js'

const quiet = { load: 1.2, processors: 2 }
const busy = { load: 39, processors: 2 }

describe('a benchmark', () => {
  test.each([
    [100, 18],
    [300, 6],
    [900, 2],
    [901, 1],
    [1_000, 1],
    [3_000, 1],
  ])(
    'of %i clients shortens their periods %i-fold, and asks no machine for more polls than it can take',
    (clients, factor) => {
      expect(factorFor({ clients, quick: false })).toBe(factor)
      const { intervalMs } = shortened(factor)
      expect((clients * 1_000) / intervalMs).toBeLessThanOrEqual(100)
    },
  )

  test('takes 3,000 clients', () => {
    expect(readOptions(['--clients', '3,000'])).toMatchObject({ clients: 3_000 })
    expect(readOptions(['--clients', '5001'])).toEqual({ problem: '--clients is a number from 1 to 5,000' })
    expect(help).toContain('1 to 5,000')
  })

  test('waits longer for a larger fleet, longer where the machine is busy, and never for ever', () => {
    expect(patienceFor({ clients: 100, machine: quiet })).toBe(60_000)
    expect(patienceFor({ clients: 1_000, machine: quiet })).toBe(300_000)
    expect(patienceFor({ clients: 100, machine: busy })).toBe(900_000)
    expect(patienceFor({ clients: 5_000, machine: { load: 400, processors: 1 } })).toBe(900_000)
  })

  test('says so where the machine is busy, and nothing where it is not', () => {
    expect(sayBusy(quiet)).toBeUndefined()
    expect(sayBusy(busy)).toBe(
      'this machine is busy, with a load of 39.0 on 2 processors: what takes a second elsewhere takes some 20 s',
    )
  })

  test('tells in words that the machine is too slow for what was asked, and with a stack what is its own fault', () => {
    const late = new OutOfPatience('a process of the benchmark did not answer "arrivals" within 300 s')
    expect(sayFailure(late, { clients: 1_000, machine: quiet })).toBe(
      'a process of the benchmark did not answer "arrivals" within 300 s; ask for fewer than 1,000 --clients',
    )
    expect(sayFailure(late, { clients: 1_000, machine: busy })).toMatch(
      /; this machine is busy, .*; ask for fewer than 1,000 --clients, or try again when it has less to do$/,
    )
    expect(sayFailure(late, { clients: 1_000, machine: busy })).not.toContain('\n')
    expect(sayFailure(new Error('a mistake'), { clients: 1, machine: quiet })).toMatch(/a mistake\n +at /)
  })

  test('waits anew after each sign that an answer goes on, and says where it went no further', async () => {
    const waits: number[] = []
    // As long as nothing that takes less is taken for silence; and none for the answer that never
    // comes.
    let withinMs = 60_000
    const processes = createProcesses({
      patienceMs() {
        waits.push(withinMs)
        return withinMs
      },
    })
    const child = await processes.start(new URL('./steps-process.js', import.meta.url))
    expect(await child.ask('answered')).toBe('done')
    // Until it was ready, and until its answer.
    expect(waits).toHaveLength(1 + 1 + 3)
    const hanging = child.ask('hanging')
    withinMs = 50
    await expect(hanging).rejects.toThrow(
      new OutOfPatience('a process of the benchmark went no further with "hanging" within 0 s'),
    )
    await processes.close()
  })

  test('is out of patience with a process that never answers, and ends it', async () => {
    const processes = createProcesses({ patienceMs: () => 50 })
    const mute = new URL('./mute-process.js', import.meta.url)
    await expect(processes.start(mute)).rejects.toThrow(OutOfPatience)
    await processes.close()
    expect(processes.left).toBe(0)
  })
})
