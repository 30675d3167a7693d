import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import { formatPosition } from '../../../../src/contracts/position.js'
import { digestOf } from '../../../../src/core/release/digest.js'
import {
  decodeRelease,
  encodeRelease,
  positionOf,
  releaseDigest,
  type Release,
} from '../../../../src/core/release/release.js'
import { encodeText, sameBytes } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { startProcess, type SimProcess } from '../../../../src/sim/process.js'
import { systemHasher } from '../../../../src/system/system.js'
import { epoch } from '../../../support/session.js'
import { boardSystem } from '../board-system.js'
import type { Scene, SceneStage } from './scene.js'
import { playVersions } from './versions.js'

/**
 * Two processes that write to one board: one dies in the middle, the other says the same once more,
 * or both want the same place; then the power goes. What was acknowledged, to whomever, is there
 * afterwards. Or two versions share the board.
 */
export const stores: Scene = stage => (stage.dice.chance(0.3) ? playVersions(stage) : play(stage))

const NAMESPACE = 'shop/board'

interface Writer {
  readonly own: SimProcess
  readonly store: FileStore
  /** After which operation it dies, and how many of those are left until then. */
  readonly death: { after: (typeof MORTAL)[number] | undefined; left: number }
}

/** The operations after which a writer may die: those that change what is on the disk. */
const MORTAL = ['create', 'link', 'rename', 'syncFolder', 'touch'] as const

async function play({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const never = new AbortController().signal
  const disk = simDisk(clock, dice)
  let lives = 0
  /**
   * Opens the store in a process of its own, which may be told to die right after one of its
   * operations.
   */
  const open = (machine: string): Writer => {
    lives += 1
    const own = startProcess(`${machine}.${lives}`, { clock, seed })
    const death: Writer['death'] = { after: undefined, left: 0 }
    const fs = disk.mount(own)
    const dying = Object.fromEntries(
      MORTAL.map(name => [
        name,
        async (...given: never[]) => {
          const result = await (fs[name] as (...all: never[]) => Promise<unknown>)(...given)
          if (death.after === name && (death.left -= 1) <= 0) own.kill()
          return own.gate(Promise.resolve(result))
        },
      ]),
    )
    const store = fileStore('/board', {
      fs: { ...fs, ...dying },
      owner: own.owner,
      system: boardSystem(own),
      pollIntervalMs: 60_000,
    })
    return { own, store, death }
  }
  /** What came of work until then; undefined when it did not end, as when its process died. */
  const ending = async <T>(
    work: Promise<T>,
    maxMs: number,
  ): Promise<{ readonly value: T } | { readonly error: unknown } | undefined> => {
    let end: { readonly value: T } | { readonly error: unknown } | undefined
    work.then(
      value => (end = { value }),
      (error: unknown) => (end = { error }),
    )
    await clock.runUntil(() => end !== undefined, maxMs).catch(() => {})
    if (end !== undefined && 'error' in end && !isNoticeboardError(end.error))
      violate('one-error-class', String(end.error))
    return end
  }
  const next = (
    head: Uint8Array | undefined,
    text: string,
  ): { bytes: Uint8Array; snapshot: Uint8Array; digest: string; at: { epoch: string; sequence: number } } => {
    const before = head && decodeRelease(head).release
    const snapshot = encodeText(text)
    const digest = digestOf(systemHasher, snapshot)
    const at = { epoch, sequence: (before?.sequence ?? 0) + 1 }
    const bytes = encodeRelease({
      v: 1,
      namespace: NAMESPACE,
      ...at,
      issuedAt: '2026-01-01T00:00:00.000Z',
      cause: 'publish',
      stable: { version: at.sequence, variants: [{ digest, bytes: snapshot.length }] },
      prev: head === undefined ? null : releaseDigest(systemHasher, head),
    })
    return { bytes, snapshot, digest, at }
  }
  const write = async (
    { store }: Writer,
    { bytes, snapshot, digest, at }: ReturnType<typeof next>,
  ): Promise<'appended' | 'taken'> => {
    await store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    return store.append({ namespace: NAMESPACE, at, bytes }, never)
  }
  const appended = (end: Awaited<ReturnType<typeof ending<'appended' | 'taken'>>>): boolean =>
    end !== undefined && 'value' in end && end.value === 'appended'

  /** The bytes of the newest release that somebody was told of. */
  let acknowledged: Uint8Array | undefined
  let [one, other] = [open('a'), open('b')]
  for (let round = dice.between(2, 3); round > 0; round -= 1) {
    const read = await ending(one.store.latest({ namespace: NAMESPACE }, never), 10_000)
    const latest = read !== undefined && 'value' in read ? read.value : undefined
    const head = latest?.type === 'release' ? latest.bytes : undefined
    const release = next(head, `{"n":${round}}`)
    const type = dice.pick(['again', 'again', 'race', 'alone'] as const)
    note(type)
    let told: Uint8Array | undefined
    if (type === 'race') {
      const rival = next(head, `{"n":${round + 100}}`)
      const [first, second] = await Promise.all([
        ending(write(one, release), 10_000),
        ending(write(other, rival), 10_000),
      ])
      if (appended(first) === appended(second))
        violate(
          'one-release-a-position',
          `${appended(first) ? 'both' : 'neither'} of two appends at ${formatPosition(release.at)} succeeded`,
        )
      told = appended(first) ? release.bytes : appended(second) ? rival.bytes : undefined
    } else {
      const dies = type === 'again'
      if (dies) Object.assign(one.death, { after: dice.pick(MORTAL), left: dice.between(1, 3) })
      const writing = write(one, release)
      if (dies) {
        await ending(writing, 1_000)
        one.own.kill()
        one = open('a')
        // The same bytes again, by whoever answers now: that counts once.
        const end = await ending(write(dice.chance(0.5) ? one : other, release), 10_000)
        if (!appended(end))
          violate(
            'publishing-works-again',
            `the same release again was not taken at ${formatPosition(release.at)}`,
          )
        else told = release.bytes
        met('a release was written again after its writer died')
      } else {
        const end = await ending(writing, 10_000)
        if (!appended(end))
          violate('publishing-works-again', `nothing could be appended at ${formatPosition(release.at)}`)
        else told = release.bytes
      }
    }
    acknowledged = told ?? acknowledged
    if (dice.chance(0.6)) {
      one.own.kill()
      other.own.kill()
      disk.losePower()
      ;[one, other] = [open('a'), open('b')]
      met('the power of a board went right after an acknowledgement')
    } else await clock.advance(dice.between(0, 3_000))
    for (const { store } of [one, other]) {
      const after = await ending(store.latest({ namespace: NAMESPACE }, never), 10_000)
      const found =
        after !== undefined && 'value' in after && after.value.type === 'release'
          ? after.value.bytes
          : undefined
      if (acknowledged === undefined) continue
      if (found === undefined || !sameBytes(found, acknowledged)) {
        const shown = found && formatPosition(positionOf(decodeRelease(found).release))
        violate(
          'acknowledged-survives',
          `${formatPosition(positionOf(decodeRelease(acknowledged).release))} was acknowledged, and ${shown ?? 'nothing'} is the newest`,
        )
        continue
      }
      const { release: newest }: { release: Release } = decodeRelease(found)
      const digest = newest.stable.variants.at(-1)?.digest ?? ''
      const snapshot = await ending(
        store.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 }, never),
        10_000,
      )
      if (snapshot === undefined || !('value' in snapshot))
        violate('acknowledged-survives', 'the document of an acknowledged release cannot be read')
    }
  }
  await Promise.all([one.store.close(), other.store.close(), clock.advance(20_000)])
  one.own.kill()
  other.own.kill()
}
