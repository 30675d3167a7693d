import type { Fetch } from '../../../src/contracts/system.js'

/** The JSON gateway of an etcd: transactions, leases and watches, over a map. */
export interface FakeEtcd {
  readonly fetch: Fetch
  /** How many watches there are. */
  readonly subscriptions: number
  /**
   * Takes a copy of all that is kept, and returns what puts it back, with its revision, as
   * `etcdutl snapshot restore` does.
   */
  copy(): () => void
  /** Forgets everything. */
  flush(): void
}

interface Kept {
  readonly value: string
  readonly modRevision: number
}

interface Compare {
  readonly key: string
  readonly target: 'CREATE' | 'MOD'
  readonly result: 'EQUAL' | 'GREATER'
  readonly mod_revision?: string
}

interface Step {
  readonly request_put?: { readonly key: string; readonly value?: string }
  readonly request_delete_range?: { readonly key: string }
  readonly request_range?: {
    readonly key: string
    readonly range_end?: string
    readonly limit?: string
    readonly sort_order?: string
  }
}

interface Transaction {
  readonly compare: readonly Compare[]
  readonly success: readonly Step[]
  readonly failure: readonly Step[]
}

/**
 * Makes an etcd in this process that loses nothing. Keys and values stay in base64, and are ordered
 * by what they say.
 */
export function fakeEtcd(): FakeEtcd {
  const kept = new Map<string, Kept>()
  const watching = new Set<(key: string, entry: Kept) => void>()
  let revision = 1

  const holds = ({ key, target, result, mod_revision: modified }: Compare): boolean => {
    const found = kept.get(key)
    if (target === 'MOD') return String(found?.modRevision ?? 0) === modified
    return result === 'EQUAL' ? found === undefined : found !== undefined
  }
  const messageOf = (key: string, { value, modRevision }: Kept): object => ({
    key,
    value,
    mod_revision: String(modRevision),
  })
  const rangeOf = ({
    key,
    range_end: end,
    limit,
    sort_order: order,
  }: NonNullable<Step['request_range']>): readonly object[] => {
    const found = [...kept].filter(
      ([name]) => name === key || (end !== undefined && isBetween(name, key, end)),
    )
    found.sort(([a], [b]) => (plain(a) < plain(b) ? -1 : 1))
    if (order === 'DESCEND') found.reverse()
    return found
      .slice(0, limit === undefined ? found.length : Number(limit))
      .map(([name, entry]) => messageOf(name, entry))
  }

  const transact = ({ compare, success, failure }: Transaction): object => {
    const succeeded = compare.every(holds)
    const steps = succeeded ? success : failure
    if (steps.some(step => step.request_range === undefined)) revision += 1
    const responses = steps.map(
      ({ request_put: put, request_delete_range: remove, request_range: range }) => {
        if (put !== undefined) {
          const entry = { value: put.value ?? '', modRevision: revision }
          kept.set(put.key, entry)
          for (const tell of watching) tell(put.key, entry)
        }
        if (remove !== undefined) kept.delete(remove.key)
        return range === undefined ? {} : { response_range: { kvs: rangeOf(range) } }
      },
    )
    return { header: { revision: String(revision) }, succeeded, responses }
  }

  const watch = (
    { key, range_end: end, start_revision: from }: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Response => {
    const encoder = new TextEncoder()
    let forget = (): void => {}
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        const tell = (name: string, entry: Kept): void => {
          if (!isBetween(name, key ?? '', end ?? '')) return
          const line = { result: { events: [{ type: 'PUT', kv: messageOf(name, entry) }] } }
          controller.enqueue(encoder.encode(`${JSON.stringify(line)}\n`))
        }
        for (const [name, entry] of kept) if (entry.modRevision >= Number(from)) tell(name, entry)
        watching.add(tell)
        const abort = (): void => {
          forget()
          controller.error(signal.reason)
        }
        signal.addEventListener('abort', abort)
        forget = () => {
          watching.delete(tell)
          signal.removeEventListener('abort', abort)
        }
      },
      cancel: () => forget(),
    })
    return new Response(body, { status: 200 })
  }

  const replace = (entries: ReadonlyMap<string, Kept>, at: number): void => {
    kept.clear()
    for (const [key, entry] of entries) kept.set(key, entry)
    revision = at
  }

  return {
    copy() {
      const [entries, at] = [new Map(kept), revision]
      return () => replace(entries, at)
    },
    flush: () => replace(new Map(), 1),
    get subscriptions() {
      return watching.size
    },
    async fetch(url, init) {
      const message: unknown = JSON.parse(new TextDecoder().decode(init.body))
      const path = new URL(url).pathname.replace('/v3/', '')
      if (path === 'kv/txn') return Response.json(transact(message as Transaction))
      if (path === 'lease/grant') return Response.json({ ID: '1' })
      const { create_request: create } = message as { create_request: Readonly<Record<string, string>> }
      return watch(create, init.signal)
    },
  }
}

function plain(key: string): string {
  return atob(key)
}

function isBetween(name: string, key: string, end: string): boolean {
  return plain(name) >= plain(key) && plain(name) < plain(end)
}
