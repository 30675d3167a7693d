import { join } from 'node:path'
import { createSerial } from '../../async/serial.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Json, JsonObject } from '../../contracts/json.js'
import type { Namespace } from '../../contracts/names.js'
import type { ClientReport } from '../../contracts/report.js'
import { canonicalize } from '../../core/json/canonical.js'
import { isInstant } from '../../core/release/release.js'
import { readReport } from '../../core/report/report-codec.js'
import { shapeOf } from '../../core/json/shape.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import type { Board } from './board.js'
import { forLog, systemErrorCode } from '../disk/system-error.js'
import { ABANDONED_MS } from '../../core/limits.js'

/** How many instances of a namespace are remembered; beyond it the ones heard longest ago are forgotten. */
const MAX_INSTANCES = 20_000
/** How many namespaces are kept in memory; beyond it the one that was heard of longest ago is left to its file. */
const MAX_NAMESPACES = 4_096
/** After this long without a word an instance is forgotten. */
const FORGET_MS = 7 * 86_400_000
/** Reports come all the time and repair themselves, so they are written together. */
const SAVE_MS = 5_000
const MAX_FILE_BYTES = 134_217_728
/** How often files are looked at anew when one of them was folded into another meanwhile. */
const MAX_LOOKS = 5

/** Last words of clients: what this process heard, in memory and in its own file; and what is in the files of others. */
export interface BoardReports {
  hear(reports: readonly ClientReport[]): void
  /** The last word of each instance, whoever heard it. */
  all(namespace: Namespace): Promise<readonly ClientReport[]>
  /** Writes what was heard since the last time. */
  flush(): Promise<void>
}

type Heard = ClientReport & { readonly receivedAt: string }

/** `open` makes the board's own folders; it runs before the first write. */
export function boardReports(
  { hiddenFs: fs, hiddenFiles: files, clock, paths, owner, logger }: Board,
  open: () => Promise<void>,
): BoardReports {
  /** By namespace, the one that was heard of longest ago first. */
  const heard = new Map<Namespace, Map<string, Heard>>()
  /** Namespaces in memory without what this process's own file of them holds. */
  const unread = new Set<Namespace>()
  const unsaved = new Set<Namespace>()
  let cancel: (() => void) | undefined
  const inTurn = createSerial()

  const fileOf = (namespace: Namespace): string => join(paths.reports(namespace), `${owner.tag}.json`)

  const own = (namespace: Namespace): Map<string, Heard> => {
    const found = heard.get(namespace) ?? new Map<string, Heard>()
    if (!heard.has(namespace)) {
      makeRoom()
      unread.add(namespace)
    }
    heard.delete(namespace)
    heard.set(namespace, found)
    return found
  }

  /** Those who may read may report, also about names that nobody published to: those must not push out the living. */
  const makeRoom = (): void => {
    for (const oldest of heard.keys()) {
      if (heard.size < MAX_NAMESPACES) return
      heard.delete(oldest)
      unread.delete(oldest)
      unsaved.delete(oldest)
    }
  }

  /** What a file says; undefined where a later version wrote it, which knows what to make of it. */
  const readFile = async (path: string): Promise<ReportFile | undefined> => {
    try {
      const bytes = await fs.read(path, MAX_FILE_BYTES)
      return bytes === undefined
        ? { reports: [], isWhole: true }
        : readHeard(parseCanonical(bytes, { what: 'the reports', maxBytes: MAX_FILE_BYTES }))
    } catch (error) {
      if (!isNoticeboardError(error) && systemErrorCode(error) === undefined) throw error
      logger?.warn('a file of reports could not be read and is left out', { path })
      return { reports: [], isWhole: false }
    }
  }

  /** Reads the files of other processes; those that nobody writes any more are named, to be removed once they are folded. */
  const others = async (
    namespace: Namespace,
    looks = MAX_LOOKS,
  ): Promise<{ readonly reports: readonly Heard[]; readonly finished: readonly string[] }> => {
    const reports: Heard[] = []
    const finished: string[] = []
    for (const name of await fs.list(paths.reports(namespace))) {
      if (!name.endsWith('.json') || name === `${owner.tag}.json`) continue
      const path = join(paths.reports(namespace), name)
      const stat = await fs.stat(path)
      if (stat === undefined) {
        // Another process folded it into its own file meanwhile, which may have been read before.
        if (looks > 1) return others(namespace, looks - 1)
        continue
      }
      const said = await readFile(path)
      if (said === undefined) continue
      reports.push(...said.reports)
      const ageMs = clock.now() - stat.changedMs
      const isLeft = owner.isGone(name.slice(0, -'.json'.length)) || ageMs > ABANDONED_MS
      // What is not understood here a later version may fold, until it is too old for any.
      if (isLeft && (said.isWhole || ageMs > FORGET_MS)) finished.push(path)
    }
    return { reports, finished }
  }

  const save = async (namespace: Namespace): Promise<void> => {
    await open()
    await fs.makeFolder(paths.reports(namespace))
    const { reports, finished } = await others(namespace)
    const mine = own(namespace)
    if (unread.has(namespace)) fold(mine, (await readFile(fileOf(namespace)))?.reports ?? [])
    unread.delete(namespace)
    if (finished.length > 0) fold(mine, reports)
    bound(mine, clock.now())
    await files.replace(fileOf(namespace), encodeText(canonicalize({ reports: [...mine.values()], v: 1 })))
    for (const path of finished) await fs.remove(path)
  }

  const saveAll = async (): Promise<void> => {
    cancel?.()
    cancel = undefined
    for (const namespace of unsaved) {
      unsaved.delete(namespace)
      try {
        await save(namespace)
      } catch (error) {
        // The reports are still in memory and come again; a disk that fails is told by what must be durable.
        const failure = forLog(error, 'write the reports')
        logger?.warn('reports could not be written; they are kept in memory', { namespace, ...failure })
      }
    }
  }
  const flush = (): Promise<void> => inTurn('save', saveAll)

  return {
    flush,

    hear(reports) {
      const receivedAt = new Date(clock.now()).toISOString()
      for (const report of reports) {
        const mine = own(report.namespace)
        fold(mine, [{ ...report, receivedAt }])
        if (mine.size > MAX_INSTANCES * 1.1) bound(mine, clock.now())
        unsaved.add(report.namespace)
      }
      if (unsaved.size > 0) cancel ??= clock.after(SAVE_MS, () => void flush())
    },

    async all(namespace) {
      const folded = new Map(heard.get(namespace))
      fold(folded, (await others(namespace)).reports)
      const isRead = heard.has(namespace) && !unread.has(namespace)
      fold(folded, isRead ? [] : ((await readFile(fileOf(namespace)))?.reports ?? []))
      bound(folded, clock.now())
      return [...folded.values()]
    },
  }
}

/** The report with the highest count of an instance stays; the same one heard again shows only that it lives. */
function fold(into: Map<string, Heard>, reports: readonly Heard[]): void {
  for (const report of reports) {
    const known = into.get(report.instanceId)
    const newer = known === undefined || report.count > known.count
    if (newer || (report.count === known.count && report.receivedAt > known.receivedAt))
      into.set(report.instanceId, report)
  }
}

function bound(reports: Map<string, Heard>, now: number): void {
  const oldest = new Date(now - FORGET_MS).toISOString()
  for (const [instanceId, { receivedAt }] of reports) if (receivedAt < oldest) reports.delete(instanceId)
  if (reports.size <= MAX_INSTANCES) return
  const byAge = [...reports.values()].sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1))
  for (const { instanceId } of byAge.slice(0, reports.size - MAX_INSTANCES)) reports.delete(instanceId)
}

/** What a file of reports says to this version. */
interface ReportFile {
  readonly reports: readonly Heard[]
  /** Whether that is all it says. */
  readonly isWhole: boolean
}

/**
 * The reports of a file with every member that they have, so that nothing is lost where they are folded into another; those that
 * cannot be read, such as of a phase that a later version knows, are passed over.
 */
function readHeard(value: Json): ReportFile | undefined {
  const file = shapeOf(value, 'the reports')
  if (file.integer('v', 1, Number.MAX_SAFE_INTEGER) > 1) return undefined
  const items = file.list('reports', 2 * MAX_INSTANCES)
  const reports = items.flatMap(item => readOne(item) ?? [])
  const isWhole = reports.length === items.length && file.names().every(name => FILE_MEMBERS.has(name))
  return { reports, isWhole }
}

const FILE_MEMBERS: ReadonlySet<string> = new Set(['reports', 'v'])

function readOne(item: Json): Heard | undefined {
  try {
    const receivedAt = shapeOf(item, 'a report').string('receivedAt', isInstant)
    return { ...(item as JsonObject), ...readReport(item), receivedAt }
  } catch (error) {
    if (isNoticeboardError(error, 'invalid-data')) return undefined
    throw error
  }
}
