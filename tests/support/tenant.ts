import type { Digest, Namespace } from '../../src/contracts/names.js'
import type { Position } from '../../src/contracts/position.js'
import type { ClientReport } from '../../src/contracts/report.js'
import type { Store, Transport } from '../../src/contracts/transport.js'
import { canWatch } from '../../src/contracts/capabilities.js'
import { digestOf } from '../../src/core/release/digest.js'
import { encodeText } from '../../src/core/json/text.js'
import { canonicalize } from '../../src/core/json/canonical.js'
import { systemHasher } from '../../src/system/system.js'
import { digestOfRelease, never, releaseOf, snapshotOf } from './board-kit.js'
import { outcome, type Life } from './twice.js'
import { reportOf } from './report-of.js'

/** How a tenant reaches its board. */
export interface Reach {
  /** What it reads by: the store itself, or what stands in front of it. */
  readonly reads: Transport & Partial<Store>
  readonly writes: Store
}

export interface Tenant {
  readonly namespace: Namespace
  /** A namespace that is none of its business. */
  readonly foreign: Namespace
  /** What it reaches its board by; asked for anew for each call, with the number of the call. */
  readonly reach: (call: number) => Reach | Promise<Reach>
  /** Waits until something is so. */
  readonly until: (isSo: () => boolean) => Promise<void>
}

const FIRST = '1-9f3a01bc'
const SECOND = '2-00c0ffee'
const MOST = 1_000_000

/** What every tenant keeps, so that what one throws away another needs. */
const common = (n: number): ReturnType<typeof snapshotOf> => snapshotOf({ n })
/** What only one tenant has. */
const secretOf = (namespace: Namespace): ReturnType<typeof snapshotOf> => snapshotOf({ secret: namespace })

/**
 * The life of one tenant of a store: it publishes, watches, reports, keeps a schema, begins a new
 * epoch and throws away. Others do the same with the same documents and the same instances beside
 * it.
 */
export function tenantLife({ namespace, foreign, reach, until }: Tenant): Life {
  let calls = 0
  let prev: Digest | null = null
  let newest: Uint8Array | undefined
  const released: Uint8Array[] = []
  const watched: Uint8Array[] = []
  const watching = new AbortController()
  let watch: Promise<unknown> = Promise.resolve()

  const reads = async <Result>(
    ask: (transport: Reach['reads'], store: Store) => Result | Promise<Result>,
  ): Promise<Result> => {
    const { reads: transport, writes } = await reach((calls += 1))
    return ask(transport, writes)
  }
  const asked = (ask: (transport: Reach['reads'], store: Store) => unknown): Promise<unknown> =>
    outcome(() => reads(ask))
  const auditOf = (at: Position): Uint8Array => encodeText(canonicalize({ by: namespace, n: at.sequence }))
  const snapshotAt = (digest: Digest): Promise<unknown> =>
    asked(transport => transport.snapshot({ namespace, digest, maxSnapshotBytes: MOST }, never))

  const append = async (
    at: Position,
    snapshot: ReturnType<typeof snapshotOf>,
    { ofNext = true }: { readonly ofNext?: boolean } = {},
  ): Promise<unknown> => {
    const audit = auditOf(at)
    const bytes = releaseOf(snapshot, { namespace, at, prev, audit: digestOf(systemHasher, audit) })
    const put = await asked((_, store) => store.put({ namespace, ...snapshot }, never))
    const appended = await asked((_, store) => store.append({ namespace, at, bytes, audit }, never))
    if (appended === 'appended' && ofNext) {
      newest = bytes
      prev = digestOfRelease(bytes)
      released.push(bytes)
    }
    return { put, appended }
  }

  const readAll = async (): Promise<unknown> => {
    const latest = await reads(transport => transport.latest({ namespace }, never))
    const tag = latest.type === 'release' ? latest.tag : undefined
    const after = (epoch: string, sequence: number): Promise<unknown> =>
      asked(async transport => {
        const next = await transport.next?.({ namespace, after: { epoch, sequence } }, never)
        return next?.type === 'release' ? next.bytes : next
      })
    const log = (limit: number): Promise<unknown> =>
      asked(async (_, store) => {
        const entries: unknown[] = []
        for await (const entry of store.history({ namespace, limit }, never)) entries.push({ ...entry })
        return entries
      })
    return {
      latest: latest.type === 'release' ? latest.bytes : latest.type,
      again:
        tag === undefined ? 'no tag' : await asked(transport => transport.latest({ namespace, tag }, never)),
      next: [await after(FIRST, 0), await after(FIRST, 1), await after(FIRST, 2), await after(SECOND, 0)],
      log: [await log(100), await log(1)],
      snapshots: [
        await snapshotAt(common(1).digest),
        await snapshotAt(common(2).digest),
        await snapshotAt(secretOf(namespace).digest),
        await snapshotAt(secretOf(foreign).digest),
      ],
      named: await asked(async (_, store) => (await store.namespaces?.(never))?.includes(namespace)),
    }
  }

  const reportsOf = (): Promise<unknown> =>
    asked(async (transport, store) => {
      const heard = await (transport.reports ?? store.reports)?.({ namespace }, never)
      return [...(heard?.reports ?? [])].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
    })
  const report = (...states: readonly Partial<ClientReport>[]): Promise<unknown> =>
    asked((_, store) =>
      (store as Store & { report?: (states: unknown, signal: AbortSignal) => unknown }).report?.(
        states.map(state => ({ ...reportIn(namespace), ...state })),
        never,
      ),
    )

  /** What the watch brought, once it brought what is newest. */
  const watchSaw = async (): Promise<unknown> => {
    await until(() => watched.length > 0 && same(watched.at(-1), newest))
    const numbers = watched.map(bytes => released.findIndex(one => same(one, bytes)))
    return {
      onlyMovesOn: numbers.every((number, index) => number >= (numbers[index - 1] ?? 0)),
      newest: watched.at(-1),
    }
  }

  return {
    'looks at nothing': readAll,
    async 'begins to watch'() {
      const { reads: transport } = await reach(0)
      if (!canWatch(transport)) return 'there is no watch'
      watch = (async () => {
        for await (const delivery of transport.watch(
          { namespaces: [namespace], inline: true },
          watching.signal,
        ))
          if (delivery.type === 'release') {
            if (delivery.namespace !== namespace) throw new Error('a release of another namespace')
            if (!same(watched.at(-1), delivery.bytes)) watched.push(delivery.bytes)
          }
        return 'ended'
      })().catch((error: unknown) => error)
      return 'watching'
    },
    'publishes a first document': () => append({ epoch: FIRST, sequence: 1 }, common(1)),
    'sees it come': watchSaw,
    'publishes a second': () => append({ epoch: FIRST, sequence: 2 }, common(2)),
    'reads everything': readAll,
    'writes the same again, and a rival': async () => [
      await asked((_, store) => {
        const at = { epoch: FIRST, sequence: 2 }
        return store.append({ namespace, at, bytes: newest ?? new Uint8Array(), audit: auditOf(at) }, never)
      }),
      await append({ epoch: FIRST, sequence: 2 }, common(9), { ofNext: false }),
      await append({ epoch: FIRST, sequence: 4 }, common(9), { ofNext: false }),
    ],
    'hears reports': () =>
      report({ count: 5 }, { instanceId: 'another', count: 2, labels: { of: namespace } }),
    'has them': reportsOf,
    'hears later and earlier ones': async () => [
      await report({ count: 6, version: 2 }),
      await report({ count: 4, version: 1 }),
    ],
    'has the later ones': reportsOf,
    'has no schema, and keeps one': async () => [
      await asked((_, store) => store.schema?.({ namespace }, never)),
      await asked((_, store) =>
        store.putSchema?.({ namespace, bytes: encodeText(canonicalize({ title: namespace })) }, never),
      ),
      await asked((_, store) => store.schema?.({ namespace }, never)),
    ],
    'publishes what is its own': () => append({ epoch: FIRST, sequence: 3 }, secretOf(namespace)),
    'sees that come': watchSaw,
    'throws the first document away': async () => [
      await asked((_, store) => store.remove?.({ namespace, digest: common(1).digest }, never)),
      await asked((_, store) => store.remove?.({ namespace, digest: secretOf(namespace).digest }, never)),
    ],
    'begins a new epoch': () => append({ epoch: SECOND, sequence: 1 }, common(2)),
    'sees the new epoch come': watchSaw,
    async 'ends its watch'() {
      watching.abort()
      return watch
    },
    'reads everything again': readAll,
    'has the reports still': reportsOf,
  }
}

function same(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0
}

function reportIn(namespace: Namespace): ClientReport {
  return reportOf({
    namespace,
    instanceId: 'one',
    clientId: 'host-a',
    strategy: 'push',
    nextReportWithinMs: 60_000,
  })
}
