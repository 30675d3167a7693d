import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { whenAborted } from '../../../src/async/signals.js'
import { createClient } from '../../../src/client/client.js'
import type { Source } from '../../../src/contracts/source.js'
import type { Store } from '../../../src/contracts/transport.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { pull } from '../../../src/strategies/pull.js'
import { trackedSignal } from '../../../src/testing/conformance/tracked-signal.js'
import { memory } from '../../../src/transports/memory.js'

const namespace = 'checkout/prod'
const schema = z.object({ size: z.number() })

/** A store that answers no question that it is asked with a signal, until that aborts. */
function stalledStore(): Store {
  const stalled = async (_: unknown, signal: AbortSignal): Promise<never> => {
    await whenAborted(signal)
    throw signal.reason
  }
  return {
    ...memory(),
    latest: stalled,
    next: stalled,
    snapshot: stalled,
    put: stalled,
    append: stalled,
    async *history(query, signal) {
      yield await stalled(query, signal)
    },
  }
}

/** A source that gives one document and then waits for a change that never comes. */
const quietSource: Source = {
  name: 'quiet',
  read: async () => ({ size: 1 }),
  async *changes(signal) {
    await whenAborted(signal)
    if (!signal.aborted) yield
  },
}

/** A thing whose calls take a signal of their caller, and what closes it. */
interface Opened {
  readonly calls: Readonly<Record<string, (signal: AbortSignal) => unknown>>
  readonly close: () => Promise<unknown>
}

function openClient(): Opened {
  const clock = virtualClock()
  const client = createClient({
    namespace,
    schema,
    strategy: pull(stalledStore(), { timeoutMs: 1_000_000 }),
    system: { clock },
  })
  return {
    calls: {
      ready: signal => client.ready({ signal, timeoutMs: Number.POSITIVE_INFINITY }),
      refresh: signal => client.refresh({ signal }),
    },
    close: () => client.close(),
  }
}

function openPublisher(store: Store): Opened {
  const clock = virtualClock()
  const publisher = createPublisher({ namespace, schema, store, system: { clock } })
  const settings = { rollout: everyone(), author: 'someone', reason: 'a test' }
  return {
    calls: {
      publish: signal => publisher.publish({ size: 1 }, { ...settings, signal }),
      rollback: signal => publisher.rollback({ ...settings, signal } as never),
      openEpoch: signal => publisher.openEpoch({ ...settings, signal } as never),
      history: signal => publisher.history({ signal }),
      follow: signal => publisher.follow(quietSource, { ...settings, signal }),
    },
    close: () => publisher.close(),
  }
}

/** Every thing with such calls. The next one is one more entry. */
const things: Readonly<Record<string, () => Opened>> = {
  'a client': openClient,
  'a publisher over a store that never answers': () => openPublisher(stalledStore()),
  'a publisher over a store that answers': () => openPublisher(memory()),
}

async function ended(result: unknown): Promise<void> {
  try {
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
      for await (const _ of result as AsyncIterable<unknown>);
    else await result
  } catch {
    // That it ends is what counts here; with which error is told by the tests of each call.
  }
}

const cases = Object.entries(things).flatMap(([thing, open]) =>
  Object.keys(open().calls).map(call => [thing, call, open] as const),
)
describe.each(cases)('%s: %s()', (_, call, open) => {
  test('ends with the signal of its caller, before and in the middle, and leaves no listener on it', async () => {
    for (const turns of [0, 1, 3, 20]) {
      const { calls, close } = open()
      const { signal, abort, listeners } = trackedSignal()
      if (turns === 0) abort()
      const ending = ended(calls[call]?.(signal))
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
      if (turns > 0) abort()
      await ending
      await close()
      expect({ turns, left: listeners() }).toEqual({ turns, left: 0 })
    }
  })

  test('ends when what it belongs to is closed, whatever signal its caller gave', async () => {
    const { calls, close } = open()
    const { signal, listeners } = trackedSignal()
    const ending = ended(calls[call]?.(signal))
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    await close()
    await close()
    await ending
    expect(listeners()).toBe(0)
  })
})
