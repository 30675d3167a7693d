import type { Namespace } from '../contracts/names.js'
import type { Clock } from '../contracts/system.js'
import type { ClientReport } from '../contracts/report.js'
import { KEPT_SILENT_MS, MAX_NEXT_REPORT_MS } from '../core/limits.js'
import { jsonBytes } from '../core/report/fit-report.js'
import { lastWord } from '../core/report/last-word.js'
import { createFairRoom } from './fair-room.js'
import { createInterner } from './interner.js'
import { steadyTimes } from './steady-times.js'
import { packWord, wordReader, type PackedWord } from './packed-word.js'
import type { Guest } from './standing.js'
import { BEARER, type Voice } from './voice.js'

/** What became of a report. */
export type Taken =
  /** It holds now. */
  | 'kept'
  /** It holds, and may have to go for others at any time: it is for this process alone. */
  | 'kept-here'
  /** A later word of the same instance holds. */
  | 'older'
  /** There is no room for it. */
  | 'no-room'

/** The last word of each client, as far as it was heard here. */
export interface Registry {
  /**
   * Takes a last report, and stamps when it came, and when its instance was first heard. The
   * highest count of an instance holds, in whatever order they come. A bearer speaks unless a
   * `voice` is given.
   */
  add(report: ClientReport, voice?: Voice): Taken
  /** The last words of a namespace's clients, but for those that were silent for a week. */
  of(namespace: Namespace): readonly ClientReport[]
  /** Since when reports are taken here, as a time of docs/formats.md. */
  readonly since: string
  readonly size: number
  /** What the words are counted as, in bytes: no less than they take. */
  readonly bytes: number
}

interface Entry extends Guest {
  readonly namespace: Namespace
  readonly word: PackedWord
}

/** How often those are looked for in whose namespace nobody asks, in milliseconds. */
const SWEEP_MS = 600_000

/** What an entry takes beside its texts, in bytes. */
const ENTRY_BYTES = 400

/**
 * Makes a registry of 100,000 instances and 128 MiB at most, unless `maxInstances` and `maxBytes`
 * are given; an instance takes less than 1 KB where labels are as a fleet's are. Who goes when it
 * is full is what a {@link createFairRoom} says.
 *
 * ```ts
 * const registry = createRegistry({ clock })
 * registry.add(report, { type: 'stranger', address: '192.0.2.7' })
 * const fleet = summarizeFleet({ since, asOf, reports: registry.of('checkout/prod') }, newest)
 * ```
 */
export function createRegistry({
  clock,
  maxInstances = 100_000,
  maxBytes = 134_217_728,
}: {
  readonly clock: Clock
  readonly maxInstances?: number
  readonly maxBytes?: number
}): Registry {
  const room = createFairRoom<Entry>({ maxGuests: maxInstances, maxBytes })
  const byNamespace = new Map<Namespace, Map<string, Entry>>()
  const same = createInterner()
  let sweptMs = clock.monotonic()
  const since = new Date(clock.now()).toISOString()

  const forget = ({ namespace, word }: Entry): void => {
    const instances = byNamespace.get(namespace)
    instances?.delete(word.instanceId)
    if (instances?.size === 0) byNamespace.delete(namespace)
  }

  /** By the monotonic clock: one that is set forward makes nobody silent. */
  const forgetSilent = (instances: ReadonlyMap<string, Entry>): void => {
    const nowMs = clock.monotonic()
    for (const entry of instances.values()) {
      if (nowMs - entry.heardMs <= KEPT_SILENT_MS) continue
      room.leave(entry)
      forget(entry)
    }
  }
  const sweep = (): void => {
    if (clock.monotonic() - sweptMs < SWEEP_MS) return
    sweptMs = clock.monotonic()
    for (const instances of byNamespace.values()) forgetSilent(instances)
  }

  const entryOf = (report: ClientReport, voice: Voice, known: Entry | undefined): Entry => {
    const receivedAt = new Date(clock.now()).toISOString()
    const heard = packWord(report, { receivedAt, firstHeardAt: receivedAt }, same)
    const heardMs = clock.monotonic()
    const word = known === undefined ? heard : lastWord(known.word, heard)
    return {
      namespace: report.namespace,
      word,
      // Whoever a bearer spoke for stays so; an address that changes does not change whose newcomer
      // it is.
      voice: known === undefined || voice.type === 'bearer' ? voice : known.voice,
      bytes: jsonBytes(report) + ENTRY_BYTES,
      firstHeardMs: known?.word.clientId === word.clientId ? known.firstHeardMs : heardMs,
      heardMs,
      periodMs: word.nextReportWithinMs ?? MAX_NEXT_REPORT_MS,
      stopped: word.phase === 'stopped',
      standing: undefined,
    }
  }

  return {
    add(report, voice = BEARER) {
      sweep()
      const { namespace, instanceId } = report
      const known = byNamespace.get(namespace)?.get(instanceId)
      if (known !== undefined && known.word.count > report.count) return 'older'
      const entry = entryOf(report, voice, known)
      // What was heard again moves to the young end, so that the silent gather at the old one.
      if (known !== undefined) room.leave(known)
      const instances = byNamespace.get(namespace)
      if (instances === undefined) byNamespace.set(namespace, new Map([[instanceId, entry]]))
      else instances.set(instanceId, entry)
      const gone = room.admit(entry, entry.heardMs)
      for (const each of gone) forget(each)
      if (gone.includes(entry)) return 'no-room'
      return room.isSafe(entry) ? 'kept' : 'kept-here'
    },
    since,
    of(namespace) {
      const instances = byNamespace.get(namespace)
      if (instances === undefined) return []
      forgetSilent(instances)
      const read = wordReader()
      const [nowMs, sinceMs] = [clock.now(), clock.monotonic()]
      return Array.from(instances.values(), ({ word, heardMs, firstHeardMs }) =>
        steadyTimes(read(word), { nowMs, silentMs: sinceMs - heardMs, knownMs: sinceMs - firstHeardMs }),
      )
    },
    get size() {
      return room.size
    },
    get bytes() {
      return room.bytes
    },
  }
}
