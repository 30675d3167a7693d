import { join } from 'node:path'
import { listBytes } from '../../async/list-bytes.js'
import { createSerial } from '../../async/serial.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Json, JsonObject } from '../../contracts/json.js'
import type { Namespace } from '../../contracts/names.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import { canonicalize } from '../../core/json/canonical.js'
import { isInstant } from '../../core/release/instant.js'
import { earliest, lastWord } from '../../core/report/last-word.js'
import { readStampedReport } from '../../core/report/report-codec.js'
import { jsonBytes } from '../../core/report/fit-report.js'
import { shapeOf } from '../../core/json/shape.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { fairShare } from '../../fleet/fair-share.js'
import { firstToForget } from '../../fleet/first-to-forget.js'
import type { Board } from './board.js'
import type { BoardWriting } from './writing.js'
import { forLog, systemErrorCode } from '../disk/system-error.js'
import { ABANDONED_MS, KEPT_SILENT_MS, MAX_KEPT_REPORTS_BYTES } from '../../core/limits.js'

/**
 * How many instances of a namespace are remembered; beyond it those that go first are forgotten.
 */
const MAX_INSTANCES = 20_000
/**
 * How many namespaces are kept in memory; beyond it the one that was heard of longest ago is left
 * to its file.
 */
const MAX_NAMESPACES = 4_096
/** Reports come all the time and repair themselves, so they are written together. */
const SAVE_MS = 5_000
const MAX_FILE_BYTES = 134_217_728
/** A file that is no larger is left as it is, so that there is an end to it. */
const SMALL_FILE_BYTES = 4_096
/** How often files are looked at anew when one of them was folded into another meanwhile. */
const MAX_LOOKS = 5

/**
 * Last words of clients: what this process heard, in memory and in its own file; and what is in the
 * files of others.
 */
export interface BoardReports {
  hear(reports: readonly ClientReport[]): void
  /** The last word of each instance, whoever heard it, and since when somebody listens. */
  all(namespace: Namespace): Promise<HeardReports>
  /** Writes what was heard since the last time. */
  flush(): Promise<void>
}

export interface BoardReportsParts {
  readonly open: () => Promise<void>
  readonly watch: BoardWriting['watch']
  readonly maxBytes?: number
}

type Heard = ClientReport & { readonly receivedAt: string }

/** What is known of one namespace, here or in a file. */
interface Known {
  /** When the first report was heard; undefined where none was. */
  since: string | undefined
  readonly words: Map<string, Heard>
}

/**
 * `open` makes the board's own folders; it runs before the first write. `watch` is told how writes
 * end.
 */
export function boardReports(
  { hiddenFs: fs, hiddenFiles: files, clock, paths, owner, logger }: Board,
  { open, watch, maxBytes = MAX_KEPT_REPORTS_BYTES }: BoardReportsParts,
): BoardReports {
  /** By namespace, the one that was heard of longest ago first. */
  const heard = new Map<Namespace, Known>()
  /** Namespaces in memory without what this process's own file of them holds. */
  const unread = new Set<Namespace>()
  const unsaved = new Set<Namespace>()
  /** How large this process's file of each namespace is. */
  const sizes = new Map<Namespace, number>()
  let cancel: (() => void) | undefined
  const inTurn = createSerial()

  const fileOf = (namespace: Namespace): string => join(paths.reports(namespace), `${owner.tag}.json`)

  const own = (namespace: Namespace): Known => {
    const found = heard.get(namespace) ?? nothing()
    if (!heard.has(namespace)) {
      makeRoom()
      unread.add(namespace)
    }
    heard.delete(namespace)
    heard.set(namespace, found)
    return found
  }

  /**
   * Those who may read may report, also about names that nobody published to: those must not push
   * out the living.
   */
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
        ? { known: nothing(), isWhole: () => true }
        : readKnown(parseCanonical(bytes, { what: 'the reports', maxBytes: MAX_FILE_BYTES }))
    } catch (error) {
      if (!isNoticeboardError(error) && systemErrorCode(error) === undefined) throw error
      logger?.warn('a file of reports could not be read and is left out', { path })
      return { known: nothing(), isWhole: () => false }
    }
  }

  /**
   * Reads the files of other processes; those that nobody writes any more are named, to be removed
   * once they are folded.
   */
  const others = async (
    namespace: Namespace,
    looks = MAX_LOOKS,
  ): Promise<{ readonly known: Known; readonly finished: readonly string[] }> => {
    const known = nothing()
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
      fold(known, said.known)
      const ageMs = clock.now() - stat.changedMs
      const isLeft = owner.isGone(name.slice(0, -'.json'.length)) || ageMs > ABANDONED_MS
      // What is not understood here a later version may fold, until it is too old for any.
      if (isLeft && (said.isWhole() || ageMs > KEPT_SILENT_MS)) finished.push(path)
    }
    return { known, finished }
  }

  /** Writes one file; names others that are larger than what is theirs from now on. */
  const save = async (namespace: Namespace): Promise<readonly Namespace[]> => {
    await open()
    await fs.makeFolder(paths.reports(namespace))
    const { known, finished } = await others(namespace)
    const mine = own(namespace)
    if (unread.has(namespace)) fold(mine, (await readFile(fileOf(namespace)))?.known ?? nothing())
    unread.delete(namespace)
    if (finished.length > 0) fold(mine, known)
    bound(mine, clock.now())
    let text = await encodeFile(mine, clock)
    sizes.set(namespace, text.length)
    const share = fairShare([...sizes.values()], maxBytes)
    if (text.length > share) {
      shrink(mine, text.length - share)
      text = await encodeFile(mine, clock)
      sizes.set(namespace, text.length)
    }
    await files.replace(fileOf(namespace), text)
    for (const path of finished) await fs.remove(path)
    return [...sizes].flatMap(([other, size]) => (size > Math.max(share, SMALL_FILE_BYTES) ? [other] : []))
  }

  const saveAll = async (): Promise<void> => {
    cancel?.()
    cancel = undefined
    // What is heard meanwhile waits for its own turn: a file is written no more often, however much
    // comes.
    const due = new Set(unsaved)
    unsaved.clear()
    for (const namespace of due) {
      due.delete(namespace)
      try {
        for (const other of await watch(() => save(namespace))) due.add(other)
      } catch (error) {
        // The reports are still in memory and come again; a disk that fails is told by what must be
        // durable.
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
        mine.since ??= receivedAt
        keep(mine, { ...report, receivedAt, firstHeardAt: receivedAt })
        if (mine.words.size > MAX_INSTANCES * 1.1) bound(mine, clock.now())
        unsaved.add(report.namespace)
      }
      if (unsaved.size > 0) cancel ??= clock.after(SAVE_MS, () => void flush())
    },

    async all(namespace) {
      const folded = nothing()
      const mine = heard.get(namespace)
      if (mine !== undefined) fold(folded, mine)
      fold(folded, (await others(namespace)).known)
      if (mine === undefined || unread.has(namespace))
        fold(folded, (await readFile(fileOf(namespace)))?.known ?? nothing())
      bound(folded, clock.now())
      const asOf = new Date(clock.now()).toISOString()
      return { since: folded.since ?? asOf, asOf, reports: [...folded.words.values()] }
    },
  }
}

function nothing(): Known {
  return { since: undefined, words: new Map() }
}

function fold(into: Known, { since, words }: Known): void {
  into.since = earliest(into.since, since)
  for (const word of words.values()) keep(into, word)
}

function keep({ words }: Known, word: Heard): void {
  const known = words.get(word.instanceId)
  words.set(word.instanceId, known === undefined ? word : lastWord(known, word))
}

function bound({ words }: Known, now: number): void {
  const oldest = new Date(now - KEPT_SILENT_MS).toISOString()
  for (const [instanceId, { receivedAt }] of words) if (receivedAt < oldest) words.delete(instanceId)
  const excess = words.size - MAX_INSTANCES
  if (excess <= 0) return
  for (const { instanceId } of firstToForget(words.values()).slice(0, excess)) words.delete(instanceId)
}

/** Forgets words until so many bytes less are left. */
function shrink({ words }: Known, excessBytes: number): void {
  let left = excessBytes
  for (const word of firstToForget(words.values())) {
    if (left <= 0) return
    words.delete(word.instanceId)
    left -= jsonBytes(word)
  }
}

/** The bytes of a file, canonical. */
async function encodeFile({ since, words }: Known, clock: Clock): Promise<Uint8Array> {
  return listBytes([...words.values()], {
    before: '{"reports":[',
    text: canonicalize,
    after: `]${since === undefined ? '' : `,"since":${canonicalize(since)}`},"v":1}`,
    clock,
  })
}

/** What a file of reports says to this version. */
interface ReportFile {
  readonly known: Known
  /** Whether that is all it says, so that nothing is lost with the file. */
  isWhole(): boolean
}

/**
 * The reports of a file with every member that they have, so that nothing is lost where they are
 * folded into another; those that cannot be read are passed over.
 */
function readKnown(value: Json): ReportFile | undefined {
  const file = shapeOf(value, 'the reports')
  if (file.integer('v', 1, Number.MAX_SAFE_INTEGER) > 1) return undefined
  const items = file.list('reports', 2 * MAX_INSTANCES)
  const read = items.map(readOne)
  const words = read.flatMap(word => word ?? [])
  const known = nothing()
  known.since = file.has('since') ? file.string('since', isInstant) : undefined
  for (const word of words) keep(known, word)
  const isKept = (item: Json, at: number): boolean => {
    const word = read[at]
    // A phase of a later version is read as another word, for one.
    return word !== undefined && canonicalize({ ...word }) === canonicalize(item)
  }
  return { known, isWhole: () => file.names().every(name => FILE_MEMBERS.has(name)) && items.every(isKept) }
}

const FILE_MEMBERS: ReadonlySet<string> = new Set(['reports', 'since', 'v'])

function readOne(item: Json): Heard | undefined {
  try {
    const receivedAt = shapeOf(item, 'a report').string('receivedAt', isInstant)
    return { ...(item as JsonObject), ...readStampedReport(item), receivedAt }
  } catch (error) {
    if (isNoticeboardError(error, 'invalid-data')) return undefined
    throw error
  }
}
