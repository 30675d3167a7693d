import { describe, expect, onTestFinished, test } from 'vitest'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import { trackedSignal } from '../../../src/testing/conformance/tracked-signal.js'
import { isNumeric, laterOptionNames, laterRefusalOf, NO_NUMBERS } from '../../support/option-names.js'
import { things, type OpenThing, type Thing } from './things.js'

/** Opens a thing that is closed when the test ends, if it is not by then. */
async function opened({ open }: Thing): Promise<OpenThing> {
  const thing = await open()
  onTestFinished(async () => void (await thing.close?.()))
  return thing
}

/**
 * The error with which a call ended, which must be one of ours or the caller's own reason; streams
 * are read to their end.
 */
async function ended(call: () => unknown, signal: AbortSignal): Promise<unknown> {
  try {
    const result = await call()
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
      for await (const _ of result as AsyncIterable<unknown>);
    return undefined
  } catch (error) {
    if (!isNoticeboardError(error) && error !== signal.reason)
      throw new Error('an error that is neither of the package nor of the caller', { cause: error })
    return error
  }
}

const turn = (): Promise<void> => new Promise(resolve => void setImmediate(resolve))
async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await turn()
}

/** How many listeners any number of calls may put on a signal that they share. */
const MOST_LISTENERS = 10

/** Calls whose caller leaves before anything else ends them. */
const ENDS_BY_ITSELF = /, and be gone$/

/**
 * What a server asks its store once for all who ask it: nobody's signal ends that, and it ends with
 * the server.
 */
const SHARED = /^Handler\.fetch (?:a release|one of the log|a snapshot|events)$/

/**
 * Calls of things that are not closed, or that go on until their signal aborts, as their caller
 * wants it.
 */
const ENDED_BY_SIGNAL = /^Source\.|^(?:Selected|FakeClient)\.subscribe/

const cases = await Promise.all(
  things.map(async thing => {
    const { calls, close } = await thing.open()
    await close?.()
    return Object.keys(calls).map(call => [thing.what, call, thing] as const)
  }),
)
describe.each(cases.flat())('%s: %s()', (_, call, thing) => {
  const isShared = SHARED.test(`${thing.type}.${call}`)

  test('ends with the signal of its caller, before and in the middle, and leaves no listener on it', async () => {
    for (const afterTurns of [0, 1, 3, 20]) {
      const { calls, close } = await thing.open()
      const { signal, abort, listeners } = trackedSignal()
      if (afterTurns === 0) abort()
      const ending = ended(() => calls[call]?.(signal), signal)
      await turns(afterTurns)
      if (afterTurns > 0) abort()
      if (isShared) await close?.()
      await ending
      expect({ afterTurns, left: listeners() }).toEqual({ afterTurns, left: 0 })
      await close?.()
      expect({ afterTurns, left: listeners() }).toEqual({ afterTurns, left: 0 })
    }
  })

  test('leaves no listener on a signal that outlives it, however often it is called with it', async () => {
    const thisOne = await opened(thing)
    const { signal, abort, listeners } = trackedSignal()
    let going = 0
    const endings: Promise<unknown>[] = []
    for (let times = 0; times < 20; times += 1) {
      going += 1
      endings.push(ended(() => thisOne.calls[call]?.(signal), signal).finally(() => (going -= 1)))
      await turn()
    }
    await turns(50)
    if (ENDS_BY_ITSELF.test(call) && thing.isStalled !== true) expect(going).toBe(0)
    // One for all that wait, else Node warns of a leak; and none for those that are over, while the
    // signal goes on.
    expect(listeners()).toBeLessThanOrEqual(going === 0 ? 0 : MOST_LISTENERS)
    if (thisOne.close !== undefined && !ENDED_BY_SIGNAL.test(`${thing.type}.${call}`)) {
      await thisOne.close()
      await Promise.all(endings)
      expect(listeners()).toBe(0)
    }
    abort()
    await Promise.all(endings)
    expect(listeners()).toBe(0)
  })

  test('ends when what it belongs to is closed, whatever signal its caller gave', async () => {
    const { calls, close } = await opened(thing)
    if (close === undefined || ENDED_BY_SIGNAL.test(`${thing.type}.${call}`)) return
    const { signal, listeners } = trackedSignal()
    const ending = ended(() => calls[call]?.(signal), signal)
    await turns(20)
    await Promise.all([close(), close()])
    await close()
    await ending
    expect(listeners()).toBe(0)
    if (thing.onceClosed === 'throws')
      expect(await ended(() => calls[call]?.(signal), signal)).toMatchObject({ code: 'closed' })
    expect(listeners()).toBe(0)
  })
})

describe.each(things.map(thing => [thing.what, thing] as const))('%s', (_, thing) => {
  test('is closed twice without harm, at the same time and after', async () => {
    const { close } = await opened(thing)
    if (close === undefined) return
    await Promise.all([close(), close()])
    await close()
  })

  test('refuses unknown options of its calls', async () => {
    const { withOptions = {} } = await opened(thing)
    for (const [name, call] of Object.entries(withOptions)) {
      const { code } = await laterRefusalOf(() => call({ qqqqqqqqqqqqqqqqqqqq: 1 }))
      expect({ name, code }).toEqual({ name, code: 'invalid-option' })
    }
  })

  test('refuses unknown options, and each number that is none, by name', async () => {
    const { make } = thing
    if (make === undefined) return
    const names = await laterOptionNames(make)
    for (const name of names.filter(isNumeric)) {
      if (name === 'startMs') continue
      for (const value of NO_NUMBERS) {
        const { code, message } = await laterRefusalOf(() => make({ [name]: value }))
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
