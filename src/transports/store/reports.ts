import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Namespace } from '../../contracts/names.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import { isInstant } from '../../core/release/instant.js'
import { isInstanceId, readStampedReport } from '../../core/report/report-codec.js'
import { MAX_KEPT_REPORTS_BYTES, MAX_NEXT_REPORT_MS } from '../../core/limits.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText, sameBytes } from '../../core/json/text.js'
import type { EngineCalls } from './calls.js'
import type { Condition, Entry, Key, Put } from './engine.js'
import { createKeptReports, type KeptReport } from './kept-reports.js'
import { keys, KEYS_A_CALL } from './keys.js'

/** So many reports are written together. */
const BATCH = 50
/** How often others may write the same reports in between. */
const MOST_TRIES = 20
/** Of reports of so many bytes together the decoded form is kept. */
const MOST_DECODED_BYTES = 16_777_216

export interface StoreReports {
  report(states: readonly ClientReport[], signal: AbortSignal): Promise<void>
  reports(namespace: Namespace, signal: AbortSignal): Promise<HeardReports>
}

/** A report, and what stood in its place. */
interface Writing {
  readonly key: Key
  readonly state: ClientReport
  readonly entry: Entry | undefined
  readonly before: ClientReport | undefined
}

/** A report whose time is over. */
type Expired = Required<Pick<Writing, 'key' | 'entry'>>

/**
 * The last report of each instance, stamped by the receiver. A report stays as long as its instance
 * may be seen as missing, `ttlMs` at least, and is then forgotten. What this process writes and
 * reads of reports has `maxBytes` together at most, in fair shares of the namespaces.
 */
export function storeReports(
  calls: EngineCalls,
  { ttlMs, maxBytes = MAX_KEPT_REPORTS_BYTES }: { readonly ttlMs: number; readonly maxBytes?: number },
): StoreReports {
  const lifetimeMs = ({ nextReportWithinMs = MAX_NEXT_REPORT_MS }: ClientReport): number =>
    Math.max(ttlMs, 4 * nextReportWithinMs)

  /** What was decoded last, so that a fleet that is looked at often is not decoded each time. */
  const decoded = new Map<Key, { readonly value: Uint8Array; readonly report: ClientReport | undefined }>()
  let decodedBytes = 0
  const kept = createKeptReports({ maxBytes })

  const decode = (key: Key, { value }: Entry): ClientReport | undefined => {
    const known = decoded.get(key)
    if (known !== undefined && sameBytes(known.value, value)) return known.report
    const report = decodeReport(value)
    dropDecoded(key)
    decoded.set(key, { value, report })
    decodedBytes += value.length
    for (const oldest of decoded.keys()) {
      if (decodedBytes <= MOST_DECODED_BYTES) break
      dropDecoded(oldest)
    }
    return report
  }

  const dropDecoded = (key: Key): void => {
    decodedBytes -= decoded.get(key)?.value.length ?? 0
    decoded.delete(key)
  }

  const asKept = (report: ClientReport & { readonly receivedAt: string }, bytes: number): KeptReport => {
    const { phase, nextReportWithinMs, firstHeardAt, receivedAt } = report
    return {
      phase,
      ...(nextReportWithinMs !== undefined && { nextReportWithinMs }),
      ...(firstHeardAt !== undefined && { firstHeardAt }),
      receivedAt,
      bytes,
      expiresMs: Date.parse(receivedAt) + lifetimeMs(report),
    }
  }

  /** Writes what is later than what is kept; `refused` when another writer was first. */
  const write = async (
    batch: readonly (readonly [Key, ClientReport])[],
    signal: AbortSignal,
  ): Promise<'written' | 'refused'> => {
    const entries = await calls.read(
      batch.map(([key]) => key),
      signal,
    )
    const news = batch.flatMap(([key, state], at): Writing[] => {
      const entry = entries[at]
      const before = entry && decode(key, entry)
      return before !== undefined && before.count >= state.count ? [] : [{ key, state, entry, before }]
    })
    if (news.length === 0) return 'written'
    const receivedAt = new Date(await calls.now(signal)).toISOString()
    const writes = news.map(({ key, state, before }) => {
      const isKnown = before !== undefined && before.clientId === state.clientId
      // A time that is yet to come was told by a clock that was ahead.
      const known = isKnown ? before.firstHeardAt : undefined
      const firstHeardAt = known !== undefined && known < receivedAt ? known : receivedAt
      const report = { ...state, receivedAt, firstHeardAt }
      const put: Put = { key, value: encodeText(JSON.stringify(report)), expiresInMs: lifetimeMs(state) }
      return { put, report }
    })
    const put = writes.map(({ put }) => put)
    const outcome = await calls.write({ if: news.map(untouched), put, remove: [] }, signal)
    if (outcome === 'written')
      for (const { put, report } of writes)
        kept.wrote(report.namespace, put.key, asKept(report, put.value.length))
    return outcome
  }

  /**
   * Since when a namespace's reports are asked for, kept beside them: what is lost with them has to
   * be lost with it.
   */
  const listeningSince = async (namespace: Namespace, asOf: string, signal: AbortSignal): Promise<string> => {
    const key = keys.listening(namespace)
    const [entry] = await calls.read([key], signal)
    const kept = entry && readInstant(entry)
    if (kept !== undefined) return kept
    try {
      const put = { key, value: encodeText(asOf) }
      const condition = untouched({ key, entry })
      if ((await calls.write({ if: [condition], put: [put], remove: [] }, signal)) === 'written') return asOf
    } catch (error) {
      if (signal.aborted) throw error
      // A reader may not write, or the engine is lost just now: the next one remembers it.
      return asOf
    }
    const [first] = await calls.read([key], signal)
    return (first && readInstant(first)) ?? asOf
  }

  /** Takes away what is too much, those first that go first. */
  const makeRoom = async (nowMs: number, signal: AbortSignal): Promise<void> => {
    const size = calls.atomic === 'batch' ? BATCH : 1
    try {
      for (const remove of kept.takeExcess(nowMs).values())
        for (let from = 0; from < remove.length; from += size)
          await calls.write({ if: [], put: [], remove: remove.slice(from, from + size) }, signal)
    } catch {
      // A reader may not write, or the engine is lost just now: who looks at these reports next
      // finds them too many.
    }
  }

  /** For engines that forget nothing by themselves. */
  const forget = async (expired: readonly Expired[], signal: AbortSignal): Promise<void> => {
    const size = calls.atomic === 'batch' ? BATCH : 1
    try {
      for (let from = 0; from < expired.length; from += size) {
        const part = expired.slice(from, from + size)
        const remove = part.map(({ key }) => key)
        await calls.write({ if: part.map(untouched), put: [], remove }, signal)
      }
    } catch {
      // A reader may not write, or the engine is lost just now: the next one forgets them.
    }
  }

  return {
    async report(states, signal) {
      // Of several reports of one instance the last one counts, and a batch names a key only once.
      const byNamespace = new Map<Namespace, Map<Key, ClientReport>>()
      for (const state of states) {
        if (!isInstanceId(state.instanceId))
          throw new NoticeboardError(
            'invalid-option',
            '`instanceId` of a report must have 1 to 64 letters, digits, "_" or "-"',
          )
        const key = keys.report(state.namespace, state.instanceId)
        const last = byNamespace.get(state.namespace) ?? new Map<Key, ClientReport>()
        if (state.count > (last.get(key)?.count ?? 0)) last.set(key, state)
        byNamespace.set(state.namespace, last)
      }
      const size = calls.atomic === 'batch' ? BATCH : 1
      for (const last of byNamespace.values()) {
        const all = [...last]
        let tries = 0
        for (let from = 0; from < all.length; tries += 1) {
          if (tries > MOST_TRIES + all.length)
            throw new NoticeboardError(
              'unavailable',
              'other writers changed the same reports each time; send them again',
            )
          if ((await write(all.slice(from, from + size), signal)) === 'written') from += size
        }
      }
      if (kept.bytes > maxBytes) await makeRoom(await calls.now(signal), signal)
    },

    async reports(namespace, signal) {
      const prefix = keys.reports(namespace)
      const nowMs = await calls.now(signal)
      const asOf = new Date(nowMs).toISOString()
      const since = await listeningSince(namespace, asOf, signal)
      const found: ClientReport[] = []
      const all = new Map<Key, KeptReport>()
      for (let before: Key | undefined; ;) {
        const page = await calls.list({ prefix, before, limit: KEYS_A_CALL }, signal)
        const entries = page.length === 0 ? [] : await calls.read(page, signal)
        const expired: Expired[] = []
        for (const [at, entry] of entries.entries()) {
          const key = page[at] ?? ''
          const report = entry && decode(key, entry)
          if (entry === undefined || report?.namespace !== namespace) continue
          const { receivedAt = '' } = report
          if (nowMs - Date.parse(receivedAt) > lifetimeMs(report)) {
            expired.push({ key, entry })
            continue
          }
          found.push(report)
          all.set(key, asKept({ ...report, receivedAt }, entry.value.length))
        }
        await forget(expired, signal)
        before = page.at(-1)
        if (before === undefined || page.length < KEYS_A_CALL) break
      }
      kept.found(namespace, all)
      await makeRoom(nowMs, signal)
      // In the order in which they were heard.
      found.sort((a, b) => compare(a.receivedAt, b.receivedAt) || compare(a.instanceId, b.instanceId))
      return { since, asOf, reports: found }
    },
  }
}

function untouched({ key, entry }: Pick<Writing, 'key' | 'entry'>): Condition {
  return entry === undefined ? { type: 'absent', key } : { type: 'unchanged', key, version: entry.version }
}

function decodeReport(value: Uint8Array): ClientReport | undefined {
  try {
    return readStampedReport(JSON.parse(decodeText(value, 'a report')) as Json)
  } catch {
    // Not written by noticeboard, or by a later version: one bad entry must not hide the others.
    return undefined
  }
}

/** The time that an entry holds; undefined when it holds none. */
function readInstant({ value }: Entry): string | undefined {
  const text = new TextDecoder().decode(value)
  return isInstant(text) ? text : undefined
}

function compare(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0
}
