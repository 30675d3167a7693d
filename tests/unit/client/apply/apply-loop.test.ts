import { afterEach, describe, expect, test } from 'vitest'
import { createApplyLoop, type ApplyLoop } from '../../../../src/client/apply/apply-loop.js'
import type { ApplyEffect, AttemptEnd, AttemptProgress } from '../../../../src/client/apply/events.js'
import type { Pending } from '../../../../src/client/apply/pending.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { received, savedVersion, sayPending, sayWork } from './states.js'

const saved = { digest: 'd'.repeat(64), version: 1, bytes: 2 }
const prepared = (change: string): AttemptEnd<string> => ({ type: 'prepared', saved, change })
const vetoed: AttemptEnd<string> = {
  type: 'vetoed',
  error: new NoticeboardError('vetoed', 'no'),
  digest: saved.digest,
}

/** An attempt that ends when the test says so. */
interface Held {
  readonly what: string
  readonly signal: AbortSignal
  readonly progress: (step: AttemptProgress) => void
  end(end: AttemptEnd<string>): Promise<void>
  fail(error: unknown): Promise<void>
}

interface Place {
  readonly clock: VirtualClock
  readonly loop: ApplyLoop<string>
  readonly attempts: Held[]
  readonly done: string[]
  /** Called with each effect before it counts as done. */
  onEffect: (effect: ApplyEffect<string>) => void
}

const open: Place[] = []

function place(): Place {
  const clock = virtualClock()
  const loop = createApplyLoop<string>({ clock, retryMs: () => 1_000, soakMs: 5_000 })
  const made: Place = { clock, loop, attempts: [], done: [], onEffect: () => {} }
  const attempt = (
    pending: Pending,
    { signal, progress }: Pick<Held, 'signal' | 'progress'>,
  ): Promise<AttemptEnd<string>> =>
    new Promise((resolve, reject) => {
      const settled = (): Promise<void> => clock.advance(0)
      made.attempts.push({
        what: sayPending(pending),
        signal,
        progress,
        end: end => (resolve(end), settled()),
        fail: error => (reject(error as Error), settled()),
      })
    })
  loop.start({
    attempt,
    perform(effect) {
      made.onEffect(effect)
      made.done.push(
        effect.type === 'commit' || effect.type === 'discard'
          ? `${effect.type} ${effect.change}`
          : effect.type,
      )
    },
    changed() {},
  })
  open.push(made)
  return made
}

/** Nothing may be left of a loop that was closed. */
afterEach(async () => {
  for (const { loop, attempts, clock } of open.splice(0)) {
    const closing = loop.close()
    for (const { signal, fail } of attempts) if (signal.aborted) await fail(new Error('aborted'))
    await closing
    expect(clock.pending).toBe(0)
  }
})

describe('attempts', () => {
  test('there is one at a time: a newer release aborts the one before and begins when that has ended', async () => {
    const { loop, attempts, done } = place()
    loop.send({ type: 'release', pending: received(1) })
    loop.send({ type: 'release', pending: received(2) })
    loop.send({ type: 'release', pending: received(3) })
    expect(attempts.map(({ what, signal }) => [what, signal.aborted])).toEqual([['release 1', true]])
    await attempts[0]?.end(prepared('change 1'))
    expect(done).toEqual(['discard change 1'])
    expect(attempts.map(({ what }) => what)).toEqual(['release 1', 'release 3'])
    await attempts[1]?.end(prepared('change 3'))
    expect(done).toEqual(['discard change 1', 'commit change 3', 'save', 'prove', 'report'])
    expect(sayWork(loop.state.work)).toBe('settled applied')
  })

  test('what an aborted one still tells is not heard', async () => {
    const { loop, attempts, done } = place()
    loop.send({ type: 'release', pending: received(1) })
    loop.send({ type: 'release', pending: received(2) })
    attempts[0]?.progress({ type: 'staged' })
    await attempts[0]?.fail(new Error('aborted'))
    expect(done).toEqual([])
    expect(sayWork(loop.state.work)).toBe('applying 2 release 2 under-way')
  })

  test('one that breaks is told with our own words, and tried again', async () => {
    const { loop, attempts, clock, done } = place()
    const errors: unknown[] = []
    open.at(-1)!.onEffect = effect => effect.type === 'complain' && errors.push(effect.error)
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.fail(new TypeError('secret-value'))
    expect(done).toEqual(['complain', 'fall-behind', 'report'])
    expect(errors).toEqual([
      expect.objectContaining({ code: 'internal', message: expect.not.stringContaining('secret') }),
    ])
    await clock.advance(1_000)
    expect(attempts.map(({ what }) => what)).toEqual(['release 1', 'release 1'])
  })

  test('a restart goes through what was kept, and a pause lets it', async () => {
    const { loop, attempts } = place()
    loop.send({ type: 'boot', restore: [savedVersion, savedVersion], pinned: false })
    loop.send({ type: 'pause' })
    await attempts[0]?.end({ type: 'missing' })
    await attempts[1]?.end(prepared('kept'))
    expect(sayWork(loop.state.work)).toBe('restored')
  })
})

describe('effects', () => {
  test('happen in the tick of the event that they follow from', async () => {
    const { loop, attempts, done } = place()
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.end(prepared('change 1'))
    done.length = 0
    loop.send({ type: 'current' })
    expect(done).toEqual(['prove'])
  })

  test('an event that comes out of one is handled right after it', async () => {
    const made = place()
    const { loop, attempts, done } = made
    made.onEffect = ({ type }) => {
      if (type === 'commit') loop.send({ type: 'pause' })
    }
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.end(prepared('change 1'))
    expect(done).toEqual(['commit change 1', 'save', 'prove', 'report', 'report'])
    expect(loop.state.mode.at).toBe('paused')
  })

  test('one that throws ends the attempt at hand, and the loop goes on', async () => {
    const made = place()
    const { loop, attempts, done, clock } = made
    const refused = {
      digest: saved.digest,
      version: 1,
      code: 'invalid-document',
      issues: [],
      overridden: false,
    }
    made.onEffect = ({ type }) => {
      if (type === 'refuse') throw new TypeError('broken')
    }
    loop.send({ type: 'release', pending: received(1) })
    attempts[0]?.progress({ type: 'refused', refused })
    expect(attempts[0]?.signal.aborted).toBe(true)
    expect(done).toEqual(['report', 'complain', 'fall-behind', 'report'])
    await attempts[0]?.fail(new Error('aborted'))
    await clock.advance(1_000)
    expect(attempts).toHaveLength(2)
  })

  test('one that throws while nothing is attempted is told', async () => {
    const made = place()
    const { loop, attempts, done } = made
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.end(prepared('change 1'))
    done.length = 0
    made.onEffect = ({ type }) => {
      if (type === 'prove') throw new TypeError('broken')
    }
    loop.send({ type: 'current' })
    expect(done).toEqual(['complain'])
  })
})

describe('timers', () => {
  test('a veto is tried again after its time, but not once a newer release came', async () => {
    const { loop, attempts, clock } = place()
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.end(vetoed)
    await clock.advance(999)
    expect(attempts).toHaveLength(1)
    loop.send({ type: 'release', pending: received(2) })
    await clock.advance(5_000)
    expect(attempts.map(({ what }) => what)).toEqual(['release 1', 'release 2'])
  })

  test('a pause keeps a veto from being tried again, and resume does at once', async () => {
    const { loop, attempts, clock } = place()
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.end(vetoed)
    loop.send({ type: 'pause' })
    await clock.advance(10_000)
    expect(attempts).toHaveLength(1)
    loop.send({ type: 'resume' })
    expect(attempts).toHaveLength(2)
  })

  test('what runs for long enough has earned its trial; another commit begins it anew', async () => {
    const { loop, attempts, clock, done } = place()
    loop.send({ type: 'release', pending: received(1) })
    await attempts[0]?.end(prepared('change 1'))
    await clock.advance(4_000)
    loop.send({ type: 'release', pending: received(2) })
    await attempts[1]?.end(prepared('change 2'))
    await clock.advance(4_000)
    expect(done).not.toContain('earn')
    await clock.advance(1_000)
    expect(done.filter(effect => effect === 'earn')).toEqual(['earn'])
    expect(loop.state.trial).toEqual({ at: 'earned', commit: 2 })
  })
})

test('closing waits for the attempt at hand, and what it prepared is discarded', async () => {
  const { loop, attempts, done } = place()
  loop.send({ type: 'release', pending: received(1) })
  let closed = false
  const closing = loop.close().then(() => (closed = true))
  expect(attempts[0]?.signal.aborted).toBe(true)
  await Promise.resolve()
  expect(closed).toBe(false)
  await attempts[0]?.end(prepared('change 1'))
  await closing
  expect(done).toEqual(['discard change 1'])
  loop.send({ type: 'release', pending: received(2) })
  expect(attempts).toHaveLength(1)
})
