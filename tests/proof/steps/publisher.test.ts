import { expect } from 'vitest'
import { z } from 'zod'
import type { Json } from '../../../src/contracts/json.js'
import type { Source } from '../../../src/contracts/source.js'
import type { Mirror, Store } from '../../../src/contracts/transport.js'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import { encodeText } from '../../../src/core/json/text.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { decodeRelease, releaseDigest, type Release } from '../../../src/core/release/release.js'
import { createPublisher, everyone, type Publisher, type Rollout } from '../../../src/publisher/index.js'
import { mainVariant } from '../../../src/publisher/history.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { atEachStep, meanwhile, type End, type Operation, type Stage } from '../../support/at-each-step.js'
import { failing, PASSING_FAILURES } from '../../support/failures.js'
import type { Steps } from '../../support/steps.js'

const namespace = 'checkout/prod'
const TENANT = 'billing/prod'
const never = new AbortController().signal
const schema = z.object({ n: z.number() })
/** The digest of what the source holds in the end. */
const LAST_EDITION = digestOf(systemHasher, encodeText('{"n":5}'))
const how = { rollout: everyone(), reason: 'a test' }

/**
 * A publisher over a store in memory with three releases, beside another publisher and another
 * tenant.
 */
interface Scene<Result> extends Stage<Result> {
  readonly clock: ReturnType<typeof virtualClock>
  readonly publisher: Publisher<{ n: number }>
  readonly another: Publisher<{ n: number }>
  readonly tenant: Publisher<{ n: number }>
  readonly caller: AbortController
}

interface Tools {
  readonly publisher: Publisher<{ n: number }>
  readonly another: Publisher<{ n: number }>
  readonly signal: AbortSignal
  readonly source: Source
}

/** An operation of a publisher, and what its result must be. */
interface Doing<Result> {
  readonly name: string
  readonly leastSteps: number
  /** Whether its caller's signal ends it. */
  readonly takesSignal: boolean
  /** Whether it writes. */
  readonly appends: boolean
  readonly run: (tools: Tools) => Promise<Result>
}

async function open<Result>(steps: Steps, doing: Doing<Result>): Promise<Scene<Result>> {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const copies = memory({ name: 'a mirror', system: { clock } })
  const announced: Release[] = []
  const mirror: Mirror = {
    name: 'a mirror',
    put: (query, signal) => copies.put(query, signal),
    async announce({ bytes }) {
      announced.push(decodeRelease(bytes).release)
    },
  }
  const judged: { readonly value: Json; readonly previous: Json | undefined }[] = []
  const make = (seed: number, more: object = {}): Publisher<{ n: number }> =>
    createPublisher({ namespace, schema, store, system: { clock, random: seededRandom(seed) }, ...more })
  const another = make(2)
  const tenant = make(3, { namespace: TENANT })
  for (const n of [1, 2, 3]) await another.publish({ n }, how)
  const publisher = make(1, {
    store: steps.around<Store>('store', store),
    mirrors: [steps.around('mirror', mirror)],
    validators: [
      {
        name: 'previous',
        async validate(value: { n: number }, { previous }: { previous: Json | undefined }) {
          await steps.pass('a validator')
          judged.push({ value, previous })
        },
      },
    ],
  })
  const caller = new AbortController()
  let edition = 4
  const source = steps.around<Source>('source', {
    name: 'a source',
    read: async () => ({ n: edition }),
    async *changes(signal) {
      await clock.sleep(1_000, signal)
      edition = 5
      yield
      await clock.sleep(Number.POSITIVE_INFINITY, signal)
    },
  })
  const log = async (): Promise<readonly Release[]> => {
    const found: { readonly release: Release; readonly digest: string }[] = []
    for await (const { bytes } of store.history({ namespace }, never))
      found.push({ release: decodeRelease(bytes).release, digest: releaseDigest(systemHasher, bytes) })
    for (const [at, { release }] of found.entries()) {
      // The first of an epoch is put beside the log before it, and may have been decided on an
      // older head.
      const before = found.slice(at + 1).map(({ digest }) => digest)
      if (release.sequence > 1) expect(release.prev).toBe(before[0])
      else expect([...before, null]).toContain(release.prev)
    }
    return found.map(({ release }) => release)
  }
  const documentOf = async (release: Release): Promise<Json> => {
    const { digest } = mainVariant(release)
    const bytes = await store.snapshot({ namespace, digest, maxSnapshotBytes: 1_000 }, never)
    return JSON.parse(new TextDecoder().decode(bytes)) as Json
  }
  const before = (await log()).length

  return {
    clock,
    publisher,
    another,
    tenant,
    caller,
    run: () => doing.run({ publisher, another, signal: caller.signal, source }),
    async judge(end, happened) {
      const releases = await log()
      judgeEnd(end, happened)
      const expected = doing.appends && end.ok ? 1 : 0
      if (happened === 'another publish') expect(releases.length).toBeGreaterThanOrEqual(before + expected)
      else if (doing.name === 'follow()') judgeFollowed(releases, happened)
      else if (end.ok) expect(releases).toHaveLength(before + expected)
      // What was said to be written is there, and can be read.
      for (const release of releases) await documentOf(release)
      await judgePrevious(releases, happened)
      if (end.ok && doing.appends) {
        const { mirrors, position } = end.result as Rollout
        if (mirrors.every(({ ok }) => ok)) expect(announced.at(-1)).toMatchObject(position)
        else expect(['a close', "the caller's abort", 'a refusal']).toContain(happened)
      }
      // Whatever happened, nothing is in the way of the next.
      const last = make(4)
      await last.publish({ n: 99 }, how)
      expect(await last.current()).toMatchObject({ document: { n: 99 } })
      await last.close()
    },
    async end() {
      await Promise.all([publisher.close(), another.close(), tenant.close()])
    },
  }

  /**
   * Both editions of the source were published, and the newer one last, unless the following was
   * ended before.
   */
  function judgeFollowed(releases: readonly Release[], happened: string): void {
    if (['a close', "the caller's abort", 'a refusal'].includes(happened)) return
    if (steps.happenedAt?.startsWith('source.changes') === true) return
    const newest = releases[0]
    expect(newest && mainVariant(newest).digest).toBe(LAST_EDITION)
  }

  function judgeEnd(end: End<Result>, happened: string): void {
    if (end.ok) return
    if (happened === 'a close') {
      expect(end.error).toMatchObject({ code: 'closed' })
    } else if (happened === "the caller's abort") {
      expect(caller.signal.aborted).toBe(true)
    } else if (happened === 'a refusal') {
      if (steps.happenedAt?.startsWith('source.') === true) return
      expect(end.error).toMatchObject({
        code: steps.happenedAt === 'a validator' ? 'invalid-document' : 'forbidden',
      })
    } else if (steps.happenedAt?.startsWith('source.changes') === true) {
      // A source whose changes cannot be heard any more ends the following, and says so.
      expect(end.error).toMatchObject({ message: 'told to fail' })
    } else throw new Error('it failed', { cause: end.error })
  }

  /**
   * What validators were shown as running before the release that came of it is what ran before it.
   */
  async function judgePrevious(releases: readonly Release[], happened: string): Promise<void> {
    const verdict = judged.at(-1)
    if (verdict === undefined || doing.name === 'openEpoch()') return
    const own = await Promise.all(releases.map(documentOf))
    const at = own.findIndex(document => JSON.stringify(document) === JSON.stringify(verdict.value))
    // A document that is refused to the publisher is compared with nothing.
    const hidden = steps.happenedAt?.startsWith('store.snapshot') === true && happened === 'a refusal'
    const isUnchanged = JSON.stringify(verdict.previous) === JSON.stringify(verdict.value)
    if (at >= 0 && at + 1 < own.length && !hidden && !isUnchanged)
      expect(verdict.previous).toEqual(own[at + 1])
  }
}

const DOINGS: readonly Doing<unknown>[] = [
  {
    name: 'publish()',
    leastSteps: 14,
    takesSignal: true,
    appends: true,
    run: ({ publisher, signal }) => publisher.publish({ n: 4 }, { ...how, signal }),
  },
  {
    name: 'rollback()',
    leastSteps: 12,
    takesSignal: true,
    appends: true,
    run: ({ publisher, signal }) => publisher.rollback({ reason: 'back', signal }),
  },
  {
    name: 'openEpoch()',
    leastSteps: 12,
    takesSignal: true,
    appends: true,
    run: ({ publisher, signal }) => publisher.openEpoch({ reason: 'anew', document: { n: 5 }, signal }),
  },
  {
    name: 'follow()',
    leastSteps: 30,
    takesSignal: true,
    appends: false,
    async run({ publisher, source, signal }) {
      for await (const step of publisher.follow(source, { ...how, signal })) {
        if (step.type === 'published' && step.rollout.digest === LAST_EDITION) break
        if (step.type === 'failed' && isNoticeboardError(step.error, 'forbidden', 'invalid-document')) break
      }
    },
  },
  {
    name: 'current()',
    leastSteps: 4,
    takesSignal: false,
    appends: false,
    run: ({ publisher }) => publisher.current(),
  },
  {
    name: 'read()',
    leastSteps: 8,
    takesSignal: false,
    appends: false,
    run: ({ publisher }) => publisher.read(1),
  },
  {
    name: 'diff()',
    leastSteps: 12,
    takesSignal: false,
    appends: false,
    run: ({ publisher }) => publisher.diff(1, 3),
  },
  {
    name: 'fleet()',
    leastSteps: 5,
    takesSignal: false,
    appends: false,
    run: ({ publisher }) => publisher.fleet(),
  },
  {
    name: 'sync()',
    leastSteps: 6,
    takesSignal: false,
    appends: false,
    run: ({ publisher }) => publisher.sync(),
  },
  {
    name: 'history()',
    leastSteps: 3,
    takesSignal: true,
    appends: false,
    async run({ publisher, signal }) {
      for await (const _entry of publisher.history({ signal }));
    },
  },
]

for (const doing of DOINGS)
  atEachStep<unknown, Scene<unknown>>({
    name: doing.name,
    leastSteps: doing.leastSteps,
    open: steps => open(steps, doing),
    happenings: {
      // What iterates the log itself goes on by itself.
      ...(doing.name === 'history()' ? {} : PASSING_FAILURES),
      'a refusal': failing('forbidden'),
      'a close': meanwhile(({ publisher }) => publisher.close()),
      ...(doing.takesSignal && { "the caller's abort": meanwhile(({ caller }) => caller.abort()) }),
      'another publish': meanwhile(({ another }) => another.publish({ n: 50 }, how)),
      "another tenant's publish": meanwhile(({ tenant }) => tenant.publish({ n: 60 }, how)),
    },
  } satisfies Operation<unknown, Scene<unknown>>)
