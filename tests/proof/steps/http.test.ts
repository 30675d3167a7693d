import { expect } from 'vitest'
import { z } from 'zod'
import { encodeText } from '../../../src/core/json/text.js'
import { everyone, type Publisher } from '../../../src/publisher/index.js'
import type { HttpStore } from '../../../src/transports/http/http-store.js'
import type { VirtualClock } from '../../../src/sim/virtual-clock.js'
import { hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'
import { atEachStep, driven, meanwhile, type Happen, type Stage } from '../../support/at-each-step.js'
import { CODES, LASTING_TROUBLE, PASSING_TROUBLE, stepped } from '../../support/requests.js'
import type { Steps } from '../../support/steps.js'
import { memoryBoard, SHOP, type Board } from '../sim/replays/board.js'

const schema = z.object({ n: z.number() })
const how = { rollout: everyone(), reason: 'a test' }
const never = new AbortController().signal

interface Tools {
  readonly board: Board
  readonly http: HttpStore
  readonly publisher: Publisher<{ n: number }>
  /** Another publisher, whose requests nothing happens to. */
  readonly another: Publisher<{ n: number }>
  readonly signal: AbortSignal
}

/** An operation that asks a server, as often as it likes. */
interface Asking {
  readonly name: string
  readonly leastSteps: number
  /** Whether it goes on after failures that pass, by itself. */
  readonly isPatient: boolean
  /** Whether the same once more changes nothing that was done. Default true. */
  readonly isRepeatable?: false
  readonly run: (tools: Tools) => Promise<unknown>
}

const digestOfFirst = async (http: HttpStore): Promise<string> => {
  const latest = await http.latest({ namespace: SHOP }, never)
  if (latest.type !== 'release') throw new Error('nothing was published')
  const { release } = JSON.parse(new TextDecoder().decode(latest.bytes)) as {
    release: { stable: { variants: { digest: string }[] } }
  }
  return release.stable.variants[0]?.digest ?? ''
}

const READS: Readonly<Record<string, (tools: Tools) => Promise<unknown>>> = {
  'latest()': ({ http, signal }) => http.latest({ namespace: SHOP }, signal),
  'next()': ({ http, signal }) =>
    http.next({ namespace: SHOP, after: { epoch: '1-00000000', sequence: 1 } }, signal),
  'snapshot()': async ({ http, signal, board }) =>
    http.snapshot(
      { namespace: SHOP, digest: await digestOfFirst(board.transport('aside')), maxSnapshotBytes: 1_000 },
      signal,
    ),
  'history()': async ({ http, signal }) => {
    for await (const _entry of http.history({ namespace: SHOP }, signal));
  },
  'reports()': ({ http, signal }) => http.reports({ namespace: SHOP }, signal),
  'namespaces()': ({ http, signal }) => http.namespaces(signal),
  'schema()': ({ http, signal }) => http.schema({ namespace: SHOP }, signal),
  'putSchema()': ({ http, signal }) => http.putSchema({ namespace: SHOP, bytes: encodeText('{}') }, signal),
}

const ASKINGS: readonly Asking[] = [
  ...Object.entries(READS).map(([name, run]) => ({
    name: `http: ${name}`,
    leastSteps: 1,
    isPatient: false,
    run,
  })),
  {
    name: 'publish() over http',
    leastSteps: 12,
    isPatient: true,
    run: ({ publisher, signal }) => publisher.publish({ n: 2 }, { ...how, signal }),
  },
  {
    name: 'rollback() over http',
    leastSteps: 10,
    isPatient: true,
    // Without a version to go to, a second rollback goes further back than the first.
    isRepeatable: false,
    async run({ publisher, signal }) {
      await publisher.rollback({ reason: 'back', signal })
    },
  },
  {
    name: 'openEpoch() over http',
    leastSteps: 10,
    isPatient: true,
    isRepeatable: false,
    run: ({ publisher, signal }) => publisher.openEpoch({ reason: 'anew', document: { n: 3 }, signal }),
  },
  ...Object.entries({
    pull: (http: HttpStore) => pull(http),
    push: (http: HttpStore) => push(http),
    hybrid: (http: HttpStore) => hybrid(http),
    onDemand: (http: HttpStore) => onDemand(http),
  }).map(([name, make]): Asking => ({
    name: `a start over http by ${name}`,
    leastSteps: 4,
    isPatient: true,
    isRepeatable: false,
    async run({ board, http, another }) {
      const client = board.client({ schema, strategy: make(http), clientId: 'web' })
      await client.ready({ timeoutMs: 0, fallbackTo: 'throw' }).catch(() => {})
      for (let round = 0; round < 14; round += 1) {
        await board.clock.sleep(5_000, never)
        if (name === 'onDemand') await client.refresh().catch(() => {})
      }
      const isNewest = async (): Promise<boolean> =>
        client.running.digest === (await another.current())?.digest
      // What was published in the end has a poll's time to arrive.
      for (let round = 0; round < 9 && !(await isNewest()); round += 1) {
        await board.clock.sleep(5_000, never)
        if (name === 'onDemand') await client.refresh().catch(() => {})
      }
      expect(await isNewest()).toBe(true)
      expect(client.status).toBe('ready')
      await client.close()
    },
  })),
]

interface Scene extends Stage<unknown> {
  readonly clock: VirtualClock
  readonly caller: AbortController
  readonly another: Publisher<{ n: number }>
}

async function open(steps: Steps, asking: Asking): Promise<Scene> {
  const board = memoryBoard()
  const { clock } = board
  const another = board.publisher({ schema })
  await driven(clock, another.publish({ n: 0 }, how))
  await driven(clock, another.publish({ n: 1 }, how))
  const publisher = board.publisher({ schema })
  const http = board.transport('tried')
  board.meddle = (request, ask, who) =>
    who === 'tried' || who === 'publisher-2' ? stepped(steps, request, ask) : ask(request)
  const caller = new AbortController()
  const before = await board.releases()
  return {
    clock,
    caller,
    another,
    run: () => asking.run({ board, http, publisher, another, signal: caller.signal }),
    async judge(end, happened) {
      const passes = happened in PASSING_TROUBLE || happened === 'nothing' || happened === 'another publish'
      if (asking.isPatient && passes && !end.ok) throw new Error('it failed', { cause: end.error })
      if (!end.ok && happened !== "the caller's abort") {
        const codes = CODES[happened] ?? []
        const { code } = end.error as { code?: string }
        if (!codes.includes(String(code))) throw new Error(`it failed with ${code}`, { cause: end.error })
      }
      const appended = (await board.releases()) - before
      expect(appended).toBeLessThanOrEqual(happened === 'another publish' ? 2 : 1)
      // Once everybody answers, the same works.
      board.meddle = undefined
      if (!end.ok && asking.isRepeatable !== false)
        await asking.run({ board, http, publisher, another, signal: never })
      expect((await board.releases()) - before).toBeLessThanOrEqual(happened === 'another publish' ? 2 : 1)
    },
    async end() {
      await Promise.all([publisher.close(), another.close()])
      await board.end()
    },
  }
}

const HAPPENINGS: Readonly<Record<string, Happen<Scene>>> = {
  ...PASSING_TROUBLE,
  ...LASTING_TROUBLE,
  "the caller's abort": meanwhile(({ caller }) => caller.abort()),
  'another publish': meanwhile(({ another }) => another.publish({ n: 50 }, how)),
}

for (const asking of ASKINGS)
  atEachStep<unknown, Scene>({
    name: asking.name,
    leastSteps: asking.leastSteps,
    open: steps => open(steps, asking),
    happenings: HAPPENINGS,
  })
