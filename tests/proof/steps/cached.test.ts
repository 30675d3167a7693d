import { expect } from 'vitest'
import type { Transport } from '../../../src/contracts/transport.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { cached } from '../../../src/transports/cached.js'
import { memory } from '../../../src/transports/memory.js'
import { atEachStep, meanwhile, type Stage } from '../../support/at-each-step.js'
import { NAMESPACE, never, snapshotOf } from '../../support/board-kit.js'
import { failing, PASSING_FAILURES } from '../../support/failures.js'

const snapshot = snapshotOf({ size: 1 })
const query = { namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 1_000 }

interface Scene extends Stage<Uint8Array> {
  readonly clock: VirtualClock
  readonly caller: AbortController
  /** Asks through the same cache, and keeps what came of it. */
  readonly ask: (more?: Partial<typeof query>) => Promise<unknown>
}

atEachStep<Uint8Array, Scene>({
  name: 'cached: snapshot()',
  leastSteps: 2,
  async open(steps) {
    const clock = virtualClock()
    const store = memory({ system: { clock } })
    await store.put({ namespace: NAMESPACE, ...snapshot }, never)
    const transport = cached(steps.around<Transport>('transport', store))
    const caller = new AbortController()
    const others: { readonly namespace: string; readonly got: Promise<unknown> }[] = []
    return {
      clock,
      caller,
      ask(more = {}) {
        const asked = { ...query, ...more }
        const got = transport.snapshot(asked, never).catch((error: unknown) => error)
        others.push({ namespace: asked.namespace, got })
        return got
      },
      run: () => transport.snapshot(query, caller.signal),
      async judge(end, happened) {
        if (end.ok) expect(end.result).toEqual(snapshot.bytes)
        else if (happened.startsWith("the caller's abort"))
          expect(end.error).toMatchObject({ code: 'closed' })
        else expect(end.error).toMatchObject({ message: 'told to fail' })
        // Others get what is theirs, whatever became of the first: a tenant has no such snapshot.
        for (const { namespace, got } of others)
          if (namespace === NAMESPACE) expect(await got).toEqual(snapshot.bytes)
          else expect(await got).toMatchObject({ code: 'not-found' })
        expect(await transport.snapshot(query, never)).toEqual(snapshot.bytes)
      },
      end() {},
    }
  },
  happenings: {
    ...PASSING_FAILURES,
    'a refusal': failing('forbidden'),
    "the caller's abort": meanwhile(({ caller }) => caller.abort()),
    'the same question by another': meanwhile(({ ask }) => ask()),
    "another tenant's question": meanwhile(({ ask }) => ask({ namespace: 'billing/prod' })),
    "the caller's abort beside another who asks": meanwhile(({ ask, caller }) => {
      const asking = ask()
      caller.abort()
      return asking
    }),
  },
})
