import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { whenAborted } from '../../../src/async/signals.js'
import { compare, hybridModel, loadWorkload, withDocuments } from '../../../src/compare/index.js'
import { createClient, type Client } from '../../../src/client/client.js'
import type { Source } from '../../../src/contracts/source.js'
import type { Clock } from '../../../src/contracts/system.js'
import type { Store } from '../../../src/contracts/transport.js'
import { createController } from '../../../src/controller/index.js'
import {
  configFile,
  configMapMirror,
  jsonFile,
  stateFolder,
  tokenFolder,
  yamlFile,
} from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { createHandler, serve } from '../../../src/server/index.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { pull } from '../../../src/strategies/pull.js'
import { systemClock } from '../../../src/system/system.js'
import { fakeClient } from '../../../src/testing/fake-client.js'
import { memory } from '../../../src/transports/memory.js'
import { releaseOf, snapshotOf } from '../../support/board-kit.js'

type Call = (signal: AbortSignal) => unknown

/** A thing that is open. */
export interface OpenThing {
  /**
   * Its calls that take a signal of their caller, by the name of the method; more than one of a
   * method have words behind it.
   */
  readonly calls: Readonly<Record<string, Call>>
  /** Its calls that take options, which must refuse one that they do not know. */
  readonly withOptions?: Readonly<Record<string, (options: object) => unknown>>
  readonly close?: () => Promise<unknown>
}

/** A thing that is no strategy and no transport: one line of the table. */
export interface Thing {
  readonly what: string
  /** The exported function that makes it. */
  readonly maker: string
  /**
   * The name of its exported type, whose methods take the signals; `Function` where functions take
   * them.
   */
  readonly type: string
  readonly open: () => OpenThing | Promise<OpenThing>
  /** Makes it with options; what it makes is not used. */
  readonly make?: (options: object) => unknown
  /** What its calls do once it is closed: they throw `closed`, or answer that it is. */
  readonly onceClosed?: 'throws'
  /** Nothing that it asks is ever answered. */
  readonly isStalled?: true
}

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
    reports: stalled,
    schema: stalled,
    namespaces: signal => stalled(undefined, signal),
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

/** What a subscription does: it goes on until its signal aborts. */
const subscribed =
  (subscribe: (listener: () => void, options: { signal: AbortSignal }) => unknown): Call =>
  async signal => {
    subscribe(() => {}, { signal })
    await whenAborted(signal)
  }
/** A subscription that its caller ends. */
const unsubscribed =
  (subscribe: (listener: () => void, options: { signal: AbortSignal }) => () => void): Call =>
  async signal => {
    const end = subscribe(() => {}, { signal })
    end()
    end()
  }

/** Takes the first of what comes, and leaves. */
async function first(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items) return
}

function openClient(client: Client<unknown>): OpenThing {
  return {
    calls: {
      ready: signal => client.ready({ signal, timeoutMs: Number.POSITIVE_INFINITY }),
      refresh: signal => client.refresh({ signal }),
    },
    withOptions: {
      ready: options => client.ready(options),
      refresh: options => client.refresh(options),
      select: options => client.select(value => value, options),
      subscribe: options => client.subscribe(() => {}, options),
      'subscribe to a part': options => client.select(value => value).subscribe(() => {}, options),
    },
    close: () => client.close(),
  }
}

/** A client whose store answers nothing. */
function waitingClient(): Client<unknown> {
  return createClient({
    namespace,
    schema,
    strategy: pull(stalledStore(), { timeoutMs: 1_000_000 }),
    system: { clock: virtualClock() },
  })
}

function openSubscriptions(
  client: Pick<ReturnType<typeof fakeClient>, 'subscribe' | 'select' | 'close'>,
): OpenThing {
  const part = client.select(value => value)
  return {
    calls: {
      subscribe: subscribed(client.subscribe),
      'subscribe, and be gone': unsubscribed(client.subscribe),
      'subscribe to a part': subscribed(part.subscribe),
      'subscribe to a part, and be gone': unsubscribed(part.subscribe),
    },
    close: () => client.close(),
  }
}

/** The steps of a rollout that an operator asks for. */
const STEPS = ['pause', 'resume', 'promote', 'abort', 'retreat'] as const

function openPublisher(store: Store): OpenThing {
  const virtual = virtualClock()
  const clock: Clock = {
    ...virtual,
    // What has to stay the same for a second has done so.
    sleep: (delayMs, signal) => (delayMs <= 1_000 ? Promise.resolve() : virtual.sleep(delayMs, signal)),
  }
  const publisher = createPublisher({ namespace, schema, store, system: { clock } })
  const settings = { rollout: everyone(), author: 'someone', reason: 'a test' }
  const epoch = { author: 'someone', reason: 'a test', document: { size: 1 } }
  const back = { author: 'someone', reason: 'a test' }
  const kill = { ...back, patch: { size: 2 } }
  const readmit = { ...back, digest: '0'.repeat(64) }
  const followed = async (options: object): Promise<void> => {
    for await (const _step of publisher.follow(quietSource, { ...settings, ...options }));
  }
  const told = async (options: object): Promise<void> => {
    for await (const _entry of publisher.history(options));
  }
  return {
    // A rollout could be iterated, which is something else than publishing.
    calls: {
      publish: async signal => void (await publisher.publish({ size: 1 }, { ...settings, signal })),
      'publish a source': async signal =>
        void (await publisher.publish(quietSource, { ...settings, signal })),
      rollback: async signal => void (await publisher.rollback({ ...back, signal })),
      openEpoch: async signal => void (await publisher.openEpoch({ ...epoch, signal })),
      prune: async signal => void (await publisher.prune({ signal })),
      forget: async signal => void (await publisher.forget({ missing: true, signal })),
      ...Object.fromEntries(
        STEPS.map(step => [
          step,
          async (signal: AbortSignal) => void (await publisher[step]({ ...back, signal })),
        ]),
      ),
      kill: async signal => void (await publisher.kill({ ...kill, signal })),
      readmit: async signal => void (await publisher.readmit({ ...readmit, signal })),
      rollout: async signal => void (await publisher.rollout({ signal })),
      history: signal => publisher.history({ signal }),
      'history, and be gone': signal => first(publisher.history({ signal })),
      follow: signal => publisher.follow(quietSource, { ...settings, signal }),
      'follow, and be gone': signal => first(publisher.follow(quietSource, { ...settings, signal })),
    },
    withOptions: {
      publish: options => publisher.publish({ size: 1 }, { ...settings, ...options }),
      rollback: options => publisher.rollback({ ...back, ...options }),
      openEpoch: options => publisher.openEpoch({ ...epoch, ...options }),
      prune: options => publisher.prune(options),
      forget: options => publisher.forget({ missing: true, ...options }),
      ...Object.fromEntries(
        STEPS.map(step => [step, (options: object) => publisher[step]({ ...back, ...options })]),
      ),
      kill: options => publisher.kill({ ...kill, ...options }),
      readmit: options => publisher.readmit({ ...readmit, ...options }),
      rollout: options => publisher.rollout(options),
      history: told,
      follow: followed,
    },
    close: () => publisher.close(),
  }
}

/** A source over a file that is there, or that is not. */
function openFile(make: (path: string) => Source, text: string | undefined, name: string): OpenThing {
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-test-'))
  const path = join(folder, name)
  if (text !== undefined) writeFileSync(path, text)
  const source = make(path)
  return {
    calls: {
      read: signal => source.read(signal),
      changes: signal => source.changes?.(signal),
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A mirror that never comes to an end with what it applies. */
function openMirror(): OpenThing {
  const mirror = configMapMirror((_, signal) => whenAborted(signal), { system: { clock: virtualClock() } })
  const { digest, bytes } = snapshotOf({ size: 1 })
  const release = releaseOf({ digest, bytes }, { namespace, at: { epoch: '1-00000000', sequence: 1 } })
  return {
    calls: {
      put: signal => mirror.put({ namespace, digest, bytes }, signal),
      async announce(signal) {
        await mirror.put({ namespace, digest, bytes }, new AbortController().signal)
        await mirror.announce({ namespace, bytes: release }, signal)
      },
      follow: signal => mirror.follow({ strategy: pull(stalledStore()), namespaces: [namespace] }, signal),
    },
  }
}

/** A handler and the questions that it is asked, each with the signal that its request has. */
function openHandler(store: Store): OpenThing {
  const clock = virtualClock()
  const handler = createHandler(store, { write: { token: 'a-token' }, system: { clock } })
  const { digest } = snapshotOf({ size: 1 })
  const asking =
    (path: string): Call =>
    async signal => {
      const request = new Request(`http://board.test/v1/${path}`, {
        headers: { authorization: 'Bearer a-token' },
      })
      // Not by an option of the request: that would follow the signal by listeners of its own.
      Object.defineProperty(request, 'signal', { value: signal })
      const answer = await handler.fetch(request)
      await answer.text().catch(() => {})
    }
  return {
    calls: {
      'fetch a release': asking(`${namespace}/release.json`),
      'fetch one of the log': asking(`${namespace}/releases/1-00000000/1.json`),
      'fetch a snapshot': asking(`${namespace}/snapshots/${digest}.json`),
      'fetch the history': asking(`${namespace}/~history`),
      'fetch the reports': asking(`${namespace}/~reports`),
      'fetch the schema': asking(`${namespace}/schema.json`),
      'fetch the namespaces': asking('~namespaces'),
      'fetch events': asking(`~events?ns=${namespace}`),
    },
    withOptions: { close: options => handler.close(options) },
    async close() {
      const closing = handler.close({ drainMs: 0, graceMs: 0 })
      await clock.advance(1)
      return closing
    },
  }
}

/** Functions that read files, of which there are none. */
function openComparison(): OpenThing {
  const nowhere = join(tmpdir(), 'noticeboard-test-nowhere', 'workload.json')
  return {
    calls: {
      compare: signal => compare(WORKLOAD, { models: [hybridModel()], signal }),
      loadWorkload: signal => loadWorkload(nowhere, { signal }),
      withDocuments: signal => withDocuments({ clients: 1 }, { document: nowhere, next: undefined, signal }),
    },
  }
}

const WORKLOAD = { clients: 100, documentBytes: 1_000 }

const PROGRAM = { namespace, schema, strategy: pull(memory()) }

/**
 * Everything with a signal, options or an end that is no strategy and no transport. The next one is
 * one more entry.
 */
export const things: readonly Thing[] = [
  {
    what: 'a client',
    maker: 'createClient',
    type: 'Client',
    open: () => openClient(waitingClient()),
    make: options => createClient({ ...PROGRAM, ...options }),
    onceClosed: 'throws',
  },
  {
    what: "a client's subscribers",
    maker: 'createClient',
    type: 'Selected',
    open: () => openSubscriptions(createClient({ ...PROGRAM, defaults: { size: 1 } }) as never),
  },
  {
    what: 'a fake client',
    maker: 'fakeClient',
    type: 'FakeClient',
    open: () => openClient(fakeClient(schema, { size: 1 })),
    onceClosed: 'throws',
  },
  {
    what: "a fake client's subscribers",
    maker: 'fakeClient',
    type: 'FakeClient',
    open: () => openSubscriptions(fakeClient(schema, { size: 1 }) as never),
  },
  {
    what: 'a publisher over a store that never answers',
    maker: 'createPublisher',
    type: 'Publisher',
    open: () => openPublisher(stalledStore()),
    isStalled: true,
    make: options => createPublisher({ namespace, schema, store: memory(), ...options }),
    onceClosed: 'throws',
  },
  {
    what: 'a publisher over a store that answers',
    maker: 'createPublisher',
    type: 'Publisher',
    open: () => openPublisher(memory()),
    onceClosed: 'throws',
  },
  ...Object.entries({ 'never answers': stalledStore, answers: () => memory() }).map(
    ([how, store]): Thing => ({
      what: `a controller over a store that ${how}`,
      maker: 'createController',
      type: 'Controller',
      open() {
        const controller = createController({ store: store(), system: { clock: virtualClock() } })
        return { calls: {}, close: () => controller.close() }
      },
      async make(options) {
        await createController({ store: store(), ...options }).close()
      },
    }),
  ),
  ...(['{"size":1}', undefined] as const).flatMap((text): readonly Thing[] =>
    Object.entries({ jsonFile, yamlFile, configFile }).map(([maker, make]) => ({
      what: `${maker}() of a file that is ${text === undefined ? 'not there' : 'there'}`,
      maker,
      type: 'Source',
      open: () => openFile(make, text, 'a.json'),
      make: options => make('/nowhere/a.json', options),
    })),
  ),
  {
    what: 'a mirror into a ConfigMap',
    maker: 'configMapMirror',
    type: 'ConfigMapMirror',
    open: openMirror,
    make: options => configMapMirror(() => {}, options),
  },
  {
    what: 'a state folder',
    maker: 'stateFolder',
    type: 'StateStorage',
    open: () => ({ calls: {} }),
    make: options => stateFolder('/nowhere', options),
  },
  {
    what: 'a folder of tokens',
    maker: 'tokenFolder',
    type: 'TokenFolder',
    open() {
      const folder = tokenFolder('/nowhere')
      return { calls: { tokens: signal => folder.tokens(signal) } }
    },
    make: options => tokenFolder('/nowhere', options),
  },
  {
    what: 'a handler over a store that never answers',
    maker: 'createHandler',
    type: 'Handler',
    open: () => openHandler(stalledStore()),
    make: options => createHandler(memory(), options),
  },
  {
    what: 'a handler over a store that answers',
    maker: 'createHandler',
    type: 'Handler',
    open: () => openHandler(memory()),
  },
  {
    what: 'a server',
    maker: 'serve',
    type: 'Server',
    async open() {
      const server = await serve(memory())
      return {
        calls: {},
        withOptions: { close: options => server.close(options) },
        close: () => server.close({ drainMs: 0, graceMs: 0 }),
      }
    },
    async make(options) {
      const server = await serve(memory(), options)
      await server.close({ drainMs: 0, graceMs: 0 })
    },
  },
  {
    what: 'what compares ways to bring a document to a fleet',
    maker: 'compare',
    type: 'Function',
    open: openComparison,
    make: options => compare(WORKLOAD, options),
  },
  ...Object.entries({ Clock: () => systemClock, VirtualClock: () => virtualClock() }).map(
    ([type, make]): Thing => ({
      what: type === 'Clock' ? "the system's clock" : 'a virtual clock',
      maker: type === 'Clock' ? 'systemClock' : 'virtualClock',
      type,
      open: () => ({
        calls: {
          sleep: signal => make().sleep(100_000, signal),
          async 'sleep for a moment'(signal) {
            const clock: Clock & Partial<VirtualClock> = make()
            const slept = clock.sleep(0, signal)
            await clock.advance?.(0)
            await slept
          },
        },
      }),
      ...(type === 'VirtualClock' && { make: options => virtualClock(options) }),
    }),
  ),
]
