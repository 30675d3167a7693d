import { describe, expect, onTestFinished, test } from 'vitest'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import { isLine } from '../../../src/core/json/text.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { trackedSignal } from '../../../src/testing/conformance/tracked-signal.js'
import { isNumeric, NO_NUMBERS, optionNames, refusalOf } from '../../support/option-names.js'
import { namespace, releaseOf } from '../../support/session.js'
import { transportSiblings, type Inner, type OpenSibling } from './transports.js'

type Call = (signal: AbortSignal) => unknown

/** Every call of a transport that takes a signal, by its name, with something sensible to ask. */
function callsOf(transport: OpenSibling['transport'], asked: string = namespace): ReadonlyMap<string, Call> {
  const { bytes, digest, snapshot, at } = releaseOf(1, undefined, namespace)
  const queries: Readonly<Record<string, unknown>> = {
    latest: { namespace: asked },
    next: { namespace: asked, after: { ...at, sequence: 0 } },
    snapshot: { namespace: asked, digest, maxSnapshotBytes: 1_048_576 },
    delta: { namespace: asked, digest, base: digest, maxBytes: 1_024 },
    put: { namespace: asked, digest, bytes: snapshot },
    append: { namespace: asked, at, bytes },
    announce: { namespace: asked, bytes },
    history: { namespace: asked },
    reports: { namespace: asked },
    standing: [{ namespace: asked, position: at }],
    schema: { namespace: asked },
    putSchema: { namespace: asked, bytes: snapshot },
    remove: { namespace: asked, digest },
    report: [],
    watch: { namespaces: [asked], inline: true },
  }
  const called = transport as unknown as Record<string, (...args: unknown[]) => unknown>
  const calls = new Map<string, Call>()
  for (const [name, member] of Object.entries(called)) {
    if (typeof member !== 'function' || name === 'close' || name === 'open') continue
    if (name === 'namespaces') calls.set(name, signal => called[name]?.(signal))
    else if (Object.hasOwn(queries, name)) calls.set(name, signal => called[name]?.(queries[name], signal))
    else throw new Error(`${name}() is a call that this harness does not know; add what to ask it`)
  }
  return calls
}

/** What became of a call: streams are read to their end. */
async function outcomeOf(result: unknown): Promise<'fulfilled' | { readonly error: unknown }> {
  try {
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
      for await (const _ of result as AsyncIterable<unknown>);
    else await result
    return 'fulfilled'
  } catch (error) {
    return { error }
  }
}

/** Ends once it is told to, and not before. */
const stalled: Inner = signal =>
  new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
const deaf: Inner = () => new Promise(() => {})
const foreign: Inner = async () => {
  throw new TypeError('not ours')
}
const atOnce: Inner = () => {
  throw new TypeError('not ours, and not in a promise')
}

const notOfOurs = (outcome: Awaited<ReturnType<typeof outcomeOf>>): unknown =>
  outcome === 'fulfilled' || isNoticeboardError(outcome.error) ? undefined : outcome.error

/** Lets calls that use real disks end, too. */
async function settle<Result>(clock: VirtualClock, work: Promise<Result>): Promise<Result> {
  let done = false
  void work.then(() => (done = true))
  for (let turn = 0; turn < 5_000 && !done; turn += 1) await clock.advance(0)
  return work
}

const openable = transportSiblings.filter(({ open }) => open !== undefined)
describe.each(openable.map(sibling => [sibling.maker, sibling] as const))('%s', (_, { open }) => {
  const opened = (clock: VirtualClock): OpenSibling['transport'] => {
    const sibling = open?.(clock)
    if (sibling === undefined) throw new Error('it takes a server')
    const { close } = sibling
    if (close !== undefined) onTestFinished(async () => void (await close()))
    return sibling.transport
  }

  test('leaves no listener on the signal of its callers, whatever became of the call', async () => {
    const clock = virtualClock()
    const transport = opened(clock)
    for (const asked of [namespace, 'nobody/published', '../here']) {
      for (const [name, call] of callsOf(transport, asked)) {
        if (name === 'watch') continue
        const { signal, listeners } = trackedSignal()
        const outcome = await settle(clock, outcomeOf(call(signal)))
        expect({ name, asked, error: notOfOurs(outcome) }).toEqual({ name, asked, error: undefined })
        expect({ name, asked, left: listeners() }).toEqual({ name, asked, left: 0 })
      }
    }
  })

  test('ends a watch with its signal, and leaves no listener and no timer', async () => {
    const clock = virtualClock()
    const transport = opened(clock)
    const watch = callsOf(transport).get('watch')
    if (watch === undefined) return
    for (const turns of [0, 1, 2, 5, 50]) {
      const { signal, listeners, abort } = trackedSignal()
      const ending = outcomeOf(watch(signal))
      for (let turn = 0; turn < turns; turn += 1) await clock.advance(0)
      abort()
      expect(await settle(clock, ending)).toBe('fulfilled')
      expect(listeners()).toBe(0)
    }
  })

  test('rejects, and never throws at once, where it is asked with an aborted signal or nonsense', async () => {
    const clock = virtualClock()
    const transport = opened(clock)
    const aborted = AbortSignal.abort()
    for (const [name, call] of callsOf(transport)) {
      const outcome = await settle(clock, outcomeOf(call(aborted)))
      expect({ name, error: notOfOurs(outcome) }).toEqual({ name, error: undefined })
    }
    for (const nonsense of ['', '../..', 'A', 'a//b', 'x'.repeat(300)]) {
      for (const [name, call] of callsOf(transport, nonsense)) {
        if (['namespaces', 'report'].includes(name) || ('unmanaged' in transport && name !== 'none')) continue
        const outcome = await settle(clock, outcomeOf(call(new AbortController().signal)))
        expect({ name, nonsense, outcome: outcome === 'fulfilled' ? outcome : notOfOurs(outcome) }).toEqual({
          name,
          nonsense,
          outcome: undefined,
        })
      }
    }
  })

  test('has a name that fits a line', () => {
    expect(isLine(opened(virtualClock()).name)).toBe(true)
  })
})

const layered = transportSiblings.filter(({ over }) => over !== undefined)
describe.each(layered.map(sibling => [sibling.maker, sibling] as const))(
  '%s over another',
  (_, { over, bounds = false }) => {
    const names = [...callsOf(over!(deaf, virtualClock())).keys()].filter(name => name !== 'watch')

    test.each(names)('an aborted %s ends at once', async name => {
      for (const inner of bounds ? [stalled, deaf] : [stalled]) {
        const clock = virtualClock()
        const call = callsOf(over!(inner, clock)).get(name)
        const { signal, listeners, abort } = trackedSignal()
        const ending = outcomeOf(call?.(signal))
        await clock.advance(5)
        abort()
        await settle(clock, ending)
        expect(listeners()).toBe(0)
      }
    })

    test.each(names)(
      'a %s that fails in foreign words, in a promise or at once, is a rejection',
      async name => {
        for (const inner of [foreign, atOnce]) {
          const clock = virtualClock()
          const { signal, listeners } = trackedSignal()
          const result = callsOf(over!(inner, clock)).get(name)?.(signal)
          await settle(clock, outcomeOf(result))
          expect(listeners()).toBe(0)
        }
      },
    )
  },
)

describe.each(transportSiblings.map(sibling => [sibling.maker, sibling] as const))('%s', (_, sibling) => {
  test('refuses unknown options, and each number that is none, by name', () => {
    for (const name of optionNames(sibling.withOptions).filter(isNumeric)) {
      for (const value of NO_NUMBERS) {
        const { code, message } = refusalOf(() => sibling.withOptions({ [name]: value }))
        expect({ name, value, code, message }).toEqual({
          name,
          value,
          code: 'invalid-option',
          message: expect.stringContaining(name),
        })
      }
    }
  })
})
