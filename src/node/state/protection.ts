import { createSaver } from '../../async/saver.js'
import { sayRan } from '../../core/report/say-death.js'
import type { Digest } from '../../contracts/names.js'
import type { PreviousLife } from '../../contracts/report.js'
import type {
  LoadedState,
  Protection,
  ProtectQuery,
  SavedAttempt,
  SavedLife,
  SavedState,
} from '../../contracts/state.js'
import { UNKNOWN_BOOT } from '../disk/boot-id.js'
import { fateOf } from '../disk/process-fate.js'
import type { Claim } from './claims.js'
import { judge, type Case, type Judge } from './judge-attempts.js'
import { EMPTY_LEDGER, recordOf, withFound, withPardon } from './ledger.js'
import { previousLife } from './previous-life.js'
import type { ProtectedFolder } from './protected-folder.js'
import { siblingsOf, type Sibling } from './siblings.js'
import { nameOfSlot, takeSlot } from './slot.js'
import { createTurn } from './turn.js'

/** After so many deaths in company, what nothing can stand in for is tried alone as well. */
const MANY_DEATHS = 5

/** A protection, and what it adds to the file of its instance. */
export interface KeptProtection extends Protection {
  readonly kept: Pick<SavedState, 'attempts' | 'quarantined' | 'pardoned' | 'life'>
}

/** Begins to protect one life of a client; reads the folder and takes a slot. */
export async function openProtection(
  { instanceId, build, onFree, warn }: ProtectQuery,
  folder: ProtectedFolder,
): Promise<KeptProtection> {
  const { owner, clock, beatMs } = folder
  const bootId = owner.bootId ?? UNKNOWN_BOOT
  const startedAt = nowText()
  /** What is tried, or runs and is looked after. */
  const open = new Map<Digest, OpenAttempt>()
  /** Suspects that something else runs instead of. */
  const standIns = new Map<Digest, StandIn>()
  /** What was earned, and whose trial ended here before its time. */
  const unfinished = new Map<Digest, SavedAttempt>()
  /** Suspects that what runs instead has outlived. */
  const outlived = new Set<Digest>()
  /** Snapshots that wait for another process. */
  const queued = new Set<Digest>()
  let ledger = EMPTY_LEDGER
  let running: {
    readonly digest: Digest | undefined
    readonly sinceMs: number
    readonly earned: boolean
  } = {
    digest: undefined,
    sinceMs: clock.monotonic(),
    earned: false,
  }
  const turn = createTurn(folder, { claim, by: judgeNow })
  const saver = createSaver(folder.save)
  let ended = false
  let cancelBeat: (() => void) | undefined
  /** Ends the watch over what runs when its time has come; undefined where nothing is watched. */
  let cancelWatch: (() => void) | undefined

  const loaded = await folder.load()
  const lives = loaded.lives ?? []
  const slot = await ownSlot()
  const previous = slot === undefined ? undefined : previousOf(slot)
  take(loaded)
  const forgetExit = folder.onCleanExit()
  const family = siblingsOf(owner)

  const self: Sibling = {
    triesOtherThan: digest =>
      [...open.values()].some(({ attempt }) => attempt.digest !== digest && attempt.instead === undefined),
    async crowd(digest) {
      const alone = [...open.values()].filter(
        ({ attempt }) => attempt.digest !== digest && attempt.retry === true,
      )
      if (alone.length === 0) return
      for (const each of alone) {
        const { retry: _, ...attempt } = each.attempt
        each.attempt = attempt
      }
      await folder.save()
    },
  }
  family.add(self)

  const protection: KeptProtection = {
    slot,
    previous,
    get quarantined() {
      const at = clock.now()
      return ledger.quarantined.filter(({ until, build: of }) => of === build && Date.parse(until) > at)
    },
    get kept() {
      return {
        attempts: [
          ...ledger.left,
          ...unfinished.values(),
          ...[...open.values(), ...standIns.values()].map(now),
        ],
        quarantined: ledger.quarantined,
        pardoned: ledger.pardoned,
        ...(slot !== undefined && { life: lifeNow(slot) }),
      }
    },

    async begin({ digest, exclusive, hasOther }) {
      if (ended || open.has(digest)) return 'go'
      const found = await folder.load()
      if (ended) return 'go'
      take(found)
      const held = judge(digest, recordOf(found, ledger), judgeNow())
      if (held.verdict === 'guilty') return 'quarantined'
      // What was earned by any process of the folder is not on trial any more, unless somebody may
      // have died of it, or its trial ended before its time.
      const isEarned = found.state.good.some(good => good.digest === digest) && !held.acquitted
      const isOutlived = isEarned && !held.unfinished && !unfinished.has(digest)
      if (held.verdict === 'clear' && isOutlived) return 'go'
      const isSuspect = held.verdict === 'suspect'
      if (isSuspect && isToWait(digest, held, hasOther)) return standIn(digest, held)
      if (held.uncertain) return wait(digest)
      const isAlone = isSuspect || (exclusive && !isEarned)
      if (isAlone && !(await turn.take(found))) return wait(digest)
      // Another client of the process may have begun meanwhile.
      if (isSuspect && isToWait(digest, held, hasOther)) {
        letGo()
        return standIn(digest, held)
      }
      if (isSuspect && !hasOther)
        warn(
          `${saySuspect(digest, held.deaths)}. It is tried once more, since nothing else is kept here that could run instead`,
        )
      // What was earned is not what kills the process while something new is tried.
      if (running.earned && running.digest !== undefined) setAside(running.digest)
      unfinished.delete(digest)
      open.set(digest, {
        attempt: attemptOf(digest, isSuspect && !siblingsTry(digest) ? { retry: true } : {}),
        sinceMs: clock.monotonic(),
      })
      endStandIn(digest)
      keepBeating()
      for (const sibling of family) if (sibling !== self) await sibling.crowd(digest)
      await folder.save()
      return 'go'
    },

    drop(digest) {
      if (!open.delete(digest)) return
      takeUp()
      letGo()
      saver.soon()
    },

    committed(digest, watchMs) {
      for (const [other, { sinceMs }] of open) {
        if (other === digest) continue
        if (running.earned && other === running.digest) setAside(other)
        open.delete(other)
        const deaths = ledger.left.filter(death => death.digest === other && death.stopped === undefined)
        // It has outlived what was held against it.
        if (deaths.length > 0 && clock.monotonic() - sinceMs > outliveMs(deaths)) protection.readmit([other])
      }
      const mine = digest === undefined ? undefined : open.get(digest)
      const sinceMs = clock.monotonic()
      if (mine !== undefined) mine.sinceMs = sinceMs
      running = { digest, sinceMs, earned: false }
      cancelWatch?.()
      // Not with the next beat: a power loss after its time must not make what was earned a
      // suspect.
      cancelWatch = clock.after(watchMs, endWatch)
      letGo()
      keepBeating()
    },

    earned() {
      running = { ...running, earned: true }
      // The other processes may go on; this one is still looked after.
      giveUpTurn()
    },

    readmit(digests) {
      ledger = withPardon(ledger, digests, nowText())
      for (const digest of digests) {
        unfinished.delete(digest)
        endStandIn(digest)
      }
    },

    async close() {
      ended = true
      cancelBeat?.()
      cancelBeat = undefined
      cancelWatch?.()
      cancelWatch = undefined
      for (const digest of [...standIns.keys()]) endStandIn(digest)
      if (running.earned && running.digest !== undefined) setAside(running.digest)
      open.clear()
      family.delete(self)
      await saver.settled()
      try {
        await folder.save()
        await turn.giveUp()
        if (slot !== undefined) await folder.release(nameOfSlot(slot), instanceId)
      } catch {
        // The client's own writes tell of trouble with the disk; who comes next sees that this
        // process is gone.
      } finally {
        forgetExit()
        folder.closed()
      }
    },
  }
  return protection

  function nowText(): string {
    return new Date(clock.now()).toISOString()
  }

  function claim(): Claim {
    return { instanceId, owner: owner.tag, bootId, at: nowText() }
  }

  function judgeNow(): Judge {
    return { instanceId, build, nowMs: clock.now(), beatMs, fate }
  }

  function fate(of: { readonly owner: string; readonly bootId: string }): ReturnType<typeof fateOf> {
    return fateOf({ tag: of.owner, bootId: of.bootId }, owner)
  }

  /** Takes over what the folder tells: who died of what, and what is under quarantine since. */
  function take(found: LoadedState): void {
    const { ledger: taken, convicted } = withFound(ledger, found, judgeNow())
    ledger = taken
    for (const digest of convicted)
      warn(
        `the snapshot ${digest.slice(0, 12)} is quarantined: the process died twice while it ran. It is not run again here for a day, unless a release readmits it or the build changes`,
      )
  }

  function attemptOf(digest: Digest, more: Pick<SavedAttempt, 'retry' | 'instead'>): SavedAttempt {
    const at = nowText()
    return {
      digest,
      build,
      slot: slot ?? 0,
      instanceId,
      owner: owner.tag,
      bootId,
      startedAt: at,
      beatAt: at,
      ranMs: 0,
      ...more,
    }
  }

  /** An attempt as it stands now. */
  function now({ attempt, sinceMs }: OpenAttempt): SavedAttempt {
    return { ...attempt, beatAt: nowText(), ranMs: Math.floor(clock.monotonic() - sinceMs) }
  }

  function lifeNow(slot: number): SavedLife {
    const tried = [...open.values()].find(({ attempt }) => attempt.digest !== running.digest)
    const digest = tried?.attempt.digest ?? running.digest
    return {
      instanceId,
      slot,
      owner: owner.tag,
      bootId,
      startedAt,
      ...(digest !== undefined && { digest }),
      ranMs: tried === undefined ? Math.floor(clock.monotonic() - running.sinceMs) : 0,
      ...(ended && { ended: true as const }),
    }
  }

  /** Ends a trial before its time: whoever runs that snapshot again tries it again. */
  function setAside(digest: Digest): void {
    const aside = open.get(digest)
    if (aside === undefined) return
    open.delete(digest)
    const { retry: _, ...attempt } = now(aside)
    unfinished.set(digest, { ...attempt, stopped: true })
  }

  /** Looks after what runs again, where something else was tried meanwhile and is not any more. */
  function takeUp(): void {
    const { digest, sinceMs } = running
    if (digest === undefined || open.size > 0 || cancelWatch === undefined || !unfinished.delete(digest))
      return
    open.set(digest, { attempt: attemptOf(digest, {}), sinceMs })
  }

  async function ownSlot(): Promise<number | undefined> {
    try {
      return await takeSlot(folder, claim(), fate)
    } catch {
      warn('the state folder cannot be written, so its processes cannot be told apart')
      return undefined
    }
  }

  function previousOf(mine: number): PreviousLife | undefined {
    return previousLife(
      lives.filter(
        life =>
          life.slot === mine &&
          life.instanceId !== instanceId &&
          (life.ended === true || fate(life) !== 'alive'),
      ),
    )
  }

  function wait(digest: Digest): 'turn' {
    queued.add(digest)
    keepBeating()
    return 'turn'
  }

  /** Whether what runs has yet to be earned. */
  function isOnTrial(): boolean {
    return !running.earned && running.digest !== undefined && open.has(running.digest)
  }

  /**
   * Whether a suspect has to wait: of two that are tried in one process nobody could tell which one
   * it dies of.
   */
  function isToWait(digest: Digest, { deaths }: Case, hasOther: boolean): boolean {
    if (hasOther) return !outlived.has(digest) || isOnTrial() || siblingsTry(digest)
    // What nothing can stand in for waits only where the process dies again and again.
    return deaths.length >= MANY_DEATHS && siblingsTry(digest)
  }

  /** Whether another client of this process tries another snapshot. */
  function siblingsTry(digest: Digest): boolean {
    return [...family].some(sibling => sibling !== self && sibling.triesOtherThan(digest))
  }

  /** What runs instead of a suspect has to outlive what the suspect ran, and to be earned. */
  function standIn(digest: Digest, { deaths }: Case): 'suspect' {
    if (standIns.has(digest)) return 'suspect'
    const restMs = outlived.has(digest) ? beatMs : outliveMs(deaths)
    if (!outlived.has(digest))
      warn(
        `${saySuspect(digest, deaths)}. Another one runs here instead for now, and it is tried once more after ${sayRan(restMs)}`,
      )
    const cancel = clock.after(restMs, () => {
      standIns.delete(digest)
      outlived.add(digest)
      saver.soon()
      onFree()
    })
    standIns.set(digest, {
      attempt: attemptOf(digest, { instead: true }),
      sinceMs: clock.monotonic(),
      cancel,
    })
    keepBeating()
    saver.soon()
    return 'suspect'
  }

  /** How long something has to run to have outlived these deaths: what ran is known to a beat. */
  function outliveMs(deaths: readonly SavedAttempt[]): number {
    return Math.max(...deaths.map(death => death.ranMs)) + beatMs
  }

  function endStandIn(digest: Digest): void {
    standIns.get(digest)?.cancel()
    standIns.delete(digest)
  }

  /** Lets go of the turn once nothing is tried here. */
  function letGo(): void {
    if (open.size === 0) giveUpTurn()
  }

  function giveUpTurn(): void {
    turn.giveUp().catch(() => {
      // Who waits for it sees after a while that nothing is tried.
    })
  }

  function keepBeating(): void {
    if (ended || cancelBeat !== undefined) return
    const isWatched = cancelWatch !== undefined
    if (open.size === 0 && standIns.size === 0 && queued.size === 0 && !isWatched) return
    cancelBeat = clock.after(beatMs, () => {
      cancelBeat = undefined
      if (open.size > 0 || standIns.size > 0 || isWatched) saver.soon()
      if (queued.size > 0) void lookForTurn()
      keepBeating()
    })
  }

  /** What runs has outlived its trial, and is held for nothing any more. */
  function endWatch(): void {
    cancelWatch = undefined
    const { digest } = running
    if (digest === undefined || !open.delete(digest)) return
    protection.readmit([digest])
    saver.soon()
  }

  /** Lets go on what waited for another process, once it may. */
  async function lookForTurn(): Promise<void> {
    try {
      const found = await folder.load()
      const isFree = await turn.isFree(found)
      const record = recordOf(found, ledger)
      const by = judgeNow()
      const mayGoOn = [...queued].some(
        digest =>
          found.state.good.some(good => good.digest === digest) ||
          (isFree && !judge(digest, record, by).uncertain),
      )
      if (!mayGoOn || ended) return
      queued.clear()
      onFree()
    } catch {
      // It is looked again with the next beat.
    }
  }
}

function saySuspect(digest: Digest, deaths: readonly SavedAttempt[]): string {
  const ranMs = Math.max(...deaths.map(death => death.ranMs))
  return `a process died while it ran the snapshot ${digest.slice(0, 12)}, at least ${sayRan(ranMs)} after it began to`
}

interface OpenAttempt {
  attempt: SavedAttempt
  sinceMs: number
}

interface StandIn extends OpenAttempt {
  readonly cancel: () => void
}
