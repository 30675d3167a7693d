import { describe, expect, test } from 'vitest'
import { sayMachine, slownessOf, watchLateness } from '../../../examples/demo/lateness.js'
import { boundMs, machineMs } from '../../../examples/demo/periods.js'

/** A machine whose time and timer are moved by hand. */
function machine() {
  let now = 0
  let run = (): void => {}
  const lateness = watchLateness({ nowMs: () => now, every: look => void (run = look) })
  return {
    lateness,
    /** The timer comes after so long. */
    comes(afterMs: number) {
      now += afterMs
      run()
    },
    passes: (ms: number) => void (now += ms),
  }
}

describe('the bounds of the demo', () => {
  test('are what they are on a machine that has time', () => {
    const { lateness, comes } = machine()
    for (const ms of [50, 51, 60, 75]) comes(ms)
    expect(lateness.slowness).toBe(1)
    expect(boundMs('change', 'push', lateness.slowness)).toBe(1_250 + machineMs)
  })

  test('are longer by as much as timers come late, until the next story begins', () => {
    const { lateness, comes } = machine()
    comes(50 + 100)
    comes(50)
    expect(lateness.slowness).toBe(4)
    expect(boundMs('change', 'push', lateness.slowness)).toBe(1_250 + 4 * machineMs)
    lateness.begin()
    comes(50)
    expect(lateness.slowness).toBe(1)
  })

  test('are longer at once where the timer does not come at all', () => {
    const { lateness, passes } = machine()
    passes(50 + 250)
    expect(lateness.slowness).toBe(10)
  })

  test('end somewhere', () => {
    expect(slownessOf(1e9)).toBe(30)
  })

  test('are told with what made them longer, and with what to do where clients were missed', () => {
    const calm = sayMachine([{ slowness: 1.2 }, {}], { machineMs, missed: 0 })
    expect(calm).toEqual([
      "missed: not there within the bound: the strategy's own, and 2.00 s for this machine.",
    ])
    const busy = [{ slowness: 1 }, { slowness: 8 }]
    expect(sayMachine(busy, { machineMs, missed: 0 })).toEqual([
      "missed: not there within the bound: the strategy's own, and 2.00 s for this machine, up to 16.0 s while it was busy.",
      'this machine was busy: its timers came up to 200 ms late; times are those of a busy machine.',
    ])
    expect(sayMachine(busy, { machineMs, missed: 4 }).at(-1)).toBe(
      'what was missed may be its doing; try again when it has less to do.',
    )
  })
})
