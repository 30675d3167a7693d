import type { Identity } from '../contracts/identity.js'
import type { ClientReport, HeardReports } from '../contracts/report.js'
import { groupBy } from '../core/group-by.js'
import { isClient } from '../core/report/is-client.js'
import { missingAfterMs } from '../core/report/missing-after.js'
import { withLostState } from '../core/report/lost-state.js'

/** An instance counts as over once it was not heard for so many of its report periods. */
const OVER_AFTER_PERIODS = 1.5

/** One client as evidence: a clientId, with those of its instances whose word counts. */
export interface Member {
  readonly clientId: string
  /** As its latest instance says it. */
  readonly identity: Identity
  /** The last words of its instances, the one that was heard first at the front. */
  readonly words: readonly ClientReport[]
  /** Of each slot the latest instance: what the client is now. */
  readonly current: readonly ClientReport[]
  /**
   * Two instances of one slot report side by side: one name for several clients, of which one
   * counts.
   */
  readonly shared: boolean
}

/** When each word of a report was said, in milliseconds of the clock that stamped it. */
export function heardMs({ receivedAt }: ClientReport): number {
  return receivedAt === undefined ? 0 : Date.parse(receivedAt)
}

/** When its instance was heard first. */
export function firstHeardMs(report: ClientReport): number {
  return report.firstHeardAt === undefined ? heardMs(report) : Date.parse(report.firstHeardAt)
}

/**
 * Whether an instance is silent: three of its report periods without a word, and ten seconds more
 * than one.
 *
 * ```ts
 * const silent = reports.filter(report => isSilent(report, Date.parse(heard.asOf)))
 * ```
 */
export function isSilent(report: ClientReport, nowMs: number): boolean {
  return nowMs - heardMs(report) > missingAfterMs(periodMs(report))
}

/**
 * Whether an instance reports when something changed and not by a timer, so that its silence says
 * nothing.
 */
export function isOnDemand({ nextReportWithinMs }: ClientReport): boolean {
  return nextReportWithinMs === undefined
}

/** What counts as the period of who promises none, in milliseconds: a day. */
const UNPROMISED_MS = 86_400_000

function periodMs({ nextReportWithinMs = UNPROMISED_MS }: ClientReport): number {
  return nextReportWithinMs
}

/** Whether no probe of an instance says otherwise than that it is well. */
export function seemsWell({ health }: ClientReport): boolean {
  return health === undefined || health.now === 'healthy' || health.now === 'none'
}

/**
 * The clients whose word is evidence: the incumbents, heard first before a time, and those who come
 * after them under the same name. Whoever may read may report, so a later instance counts only
 * where it names an earlier one by its `instanceId`, which nobody else can guess, or where that one
 * has stopped or fallen silent, it speaks after it, and no other slot of the client is still there:
 * processes that share a folder find there whom they follow. A stranger under a client's name is
 * passed over, however long ago it came, and so is a client that nobody had heard of.
 *
 * ```ts
 * const incumbents = membersOf(heard, Date.parse(stageStart.at) - reportMs)
 * ```
 */
export function membersOf({ asOf, reports }: HeardReports, beforeMs: number): readonly Member[] {
  const nowMs = Date.parse(asOf)
  const clients = reports.filter(isClient)
  const byClient = groupBy(clients, ({ clientId }) => clientId)
  return [...byClient].flatMap(([clientId, words]) => {
    const inOrder = words.length === 1 ? words : words.toSorted(byFirstHeard)
    const counted = countedOf(inOrder, { beforeMs, nowMs })
    const heardBefore =
      inOrder.length === counted.length ? counted : inOrder.filter(word => firstHeardMs(word) <= beforeMs)
    return counted.length === 0 ? [] : [memberOf(clientId, withLostState(counted), heardBefore)]
  })
}

/** What is known of the instances of one slot that count so far. */
interface SlotSoFar {
  readonly allOver: boolean
  readonly lastHeardMs: number
  /**
   * Until when an instance was there that came in time or named another one; infinite while it
   * still is.
   */
  readonly thereUntilMs: number
}

const NOBODY: SlotSoFar = {
  allOver: true,
  lastHeardMs: Number.NEGATIVE_INFINITY,
  thereUntilMs: Number.NEGATIVE_INFINITY,
}

/**
 * The instances of one client whose word counts; the given ones are in the order in which they
 * came.
 */
function countedOf(
  words: readonly ClientReport[],
  { beforeMs, nowMs }: { readonly beforeMs: number; readonly nowMs: number },
): readonly ClientReport[] {
  const [only] = words
  if (words.length === 1 && only !== undefined) return firstHeardMs(only) <= beforeMs ? words : []
  const counted = new Map<string, ClientReport>()
  const slots = new Map<ClientReport['slot'], SlotSoFar>()
  for (const word of words) {
    const names = word.previous?.instanceId
    const earlier = slots.get(word.slot)
    const isNamed = names !== undefined && counted.has(names)
    const isInTime = firstHeardMs(word) <= beforeMs
    if (!isNamed && !follows(word, earlier, isInTime)) continue
    const isKnown = isNamed || isInTime
    if (!isKnown && isBesideOthers(word, slots)) continue
    const { allOver, lastHeardMs, thereUntilMs } = earlier ?? NOBODY
    counted.set(word.instanceId, word)
    slots.set(word.slot, {
      allOver: allOver && isOver(word, nowMs),
      lastHeardMs: Math.max(lastHeardMs, heardMs(word)),
      thereUntilMs: isKnown ? Math.max(thereUntilMs, thereUntil(word, nowMs)) : thereUntilMs,
    })
  }
  return [...counted.values()]
}

/**
 * Whether an instance is the first of its slot and came in time, or comes after all that were
 * there.
 */
function follows(word: ClientReport, earlier: SlotSoFar | undefined, isInTime: boolean): boolean {
  if (earlier === undefined) return isInTime
  // Who came in time may have run beside them for a while; whoever came later has to come after
  // their last word.
  return earlier.allOver && earlier.lastHeardMs <= (isInTime ? heardMs(word) : firstHeardMs(word))
}

/** Whether another slot of its client was still there when an instance came. */
function isBesideOthers(word: ClientReport, slots: ReadonlyMap<ClientReport['slot'], SlotSoFar>): boolean {
  return [...slots].some(
    ([slot, { thereUntilMs }]) => slot !== word.slot && thereUntilMs > firstHeardMs(word),
  )
}

function thereUntil(word: ClientReport, nowMs: number): number {
  return isOver(word, nowMs) || isOnDemand(word) ? heardMs(word) : Number.POSITIVE_INFINITY
}

function isOver(report: ClientReport, nowMs: number): boolean {
  return report.phase === 'stopped' || nowMs - heardMs(report) > OVER_AFTER_PERIODS * periodMs(report)
}

function memberOf(
  clientId: string,
  words: readonly ClientReport[],
  heardBefore: readonly ClientReport[],
): Member {
  const lives = livesOf(words)
  const latest = words.at(-1) as ClientReport
  return {
    clientId,
    identity: identityOf(latest),
    words,
    current: words.length === 1 ? words : lives.flatMap(life => life.slice(-1)),
    shared: heardBefore.length > 1 && livesOf(heardBefore).some(reportSideBySide),
  }
}

function identityOf({ clientId, instanceId, ephemeral, labels, build }: ClientReport): Identity {
  return { clientId, instanceId, ephemeral, labels, ...(build !== undefined && { build }) }
}

/** The instances of each slot; most clients have had one. */
function livesOf(words: readonly ClientReport[]): readonly (readonly ClientReport[])[] {
  if (words.length === 1) return [words]
  return [...groupBy(words, ({ slot }) => slot).values()]
}

/**
 * Whether an instance and the next one went on to report beside each other for more than a period.
 */
function reportSideBySide(life: readonly ClientReport[]): boolean {
  return life.some((word, index) => {
    const next = life[index + 1]
    return (
      next !== undefined &&
      word.phase !== 'stopped' &&
      Math.min(heardMs(word), heardMs(next)) - firstHeardMs(next) > periodMs(word)
    )
  })
}

function byFirstHeard(a: ClientReport, b: ClientReport): number {
  return firstHeardMs(a) - firstHeardMs(b) || (a.instanceId < b.instanceId ? -1 : 1)
}

/**
 * What a client counts as where all clients that carry one value of a label, the cluster, are one.
 *
 * ```ts
 * const units = new Set(members.map(member => unitOf(member, plan.cluster))).size
 * ```
 */
export function unitOf({ clientId, identity }: Member, cluster: string | undefined): string {
  const value = cluster === undefined ? undefined : identity.labels[cluster]
  return value === undefined ? `client ${clientId}` : `cluster ${value}`
}

/** What a client is at a time. `gone`: every instance stopped in order. */
export type Presence = 'live' | 'silent' | 'gone'

/**
 * Whether a client is there now: heard lately, silent, or gone in order.
 *
 * ```ts
 * const live = members.filter(member => presenceOf(member, nowMs) === 'live')
 * ```
 */
export function presenceOf({ current }: Member, nowMs: number): Presence {
  const running = current.filter(({ phase }) => phase !== 'stopped')
  if (running.length === 0) return 'gone'
  return running.every(word => isSilent(word, nowMs)) ? 'silent' : 'live'
}

/**
 * Whether any client was heard: controllers report too, and are none.
 *
 * ```ts
 * if (!hearsClients(heard)) pause('nobody reports')
 * ```
 */
export function hearsClients({ reports }: Pick<HeardReports, 'reports'>): boolean {
  return reports.some(isClient)
}

/**
 * Whether a client was heard within a period and a half. That is sooner than it counts as silent:
 * where all fall silent together, some would be silent while the others are not yet.
 */
export function isHeard({ current }: Member, nowMs: number): boolean {
  return current.some(word => !isOver(word, nowMs))
}

/**
 * A client as it was from a time on: without those of its instances that had fallen silent by then,
 * or that report on demand and were not heard since. Anybody can speak once under a name, in a slot
 * of its own. Where nobody else is left, all of them stay.
 *
 * ```ts
 * const then = membersOf(heard, beforeMs).map(member => asOfThen(member, startMs))
 * ```
 */
export function asOfThen(member: Member, atMs: number): Member {
  if (member.current.length === 1) return member
  const current = member.current.filter(
    word => heardMs(word) >= atMs || (!isOnDemand(word) && !isSilent(word, atMs)),
  )
  const latest = member.words.findLast(word => current.includes(word))
  if (latest === undefined || current.length === member.current.length) return member
  return { ...member, current, identity: identityOf(latest) }
}

/**
 * The clients that were heard first before a time and are live now, each with those of its instances
 * that are there now.
 *
 * ```ts
 * const live = liveMembers(heard, { beforeMs: nowMs - reportMs, nowMs })
 * ```
 */
export function liveMembers(
  heard: HeardReports,
  { beforeMs, nowMs }: { readonly beforeMs: number; readonly nowMs: number },
): readonly Member[] {
  return membersOf(heard, beforeMs)
    .map(member => asOfThen(member, nowMs))
    .filter(member => presenceOf(member, nowMs) === 'live')
}

/** Whether a client has said anything since a time. */
export function wasHeardSince({ words }: Member, fromMs: number = Number.NEGATIVE_INFINITY): boolean {
  return words.some(word => heardMs(word) >= fromMs)
}

/**
 * Whether a client was live at an earlier time: one of its instances was heard of by then, and had
 * neither stopped nor fallen silent.
 *
 * ```ts
 * const live = members.filter(member => wasLive(member, startMs))
 * ```
 */
export function wasLive({ words }: Member, atMs: number): boolean {
  return words.some(word => {
    if (firstHeardMs(word) > atMs) return false
    if (word.phase === 'stopped') return heardMs(word) > atMs
    return !isSilent(word, atMs)
  })
}

/**
 * Whether a client that had stopped in order by a time was there again after it, within so many
 * milliseconds: a deploy takes each client away for a moment.
 */
export function cameBack({ words }: Member, atMs: number, withinMs: number): boolean {
  const stopped = words.filter(({ phase }) => phase === 'stopped').map(heardMs)
  return words.some(word => {
    const firstMs = firstHeardMs(word)
    return firstMs > atMs && stopped.some(stoppedMs => stoppedMs <= atMs && firstMs - stoppedMs <= withinMs)
  })
}
