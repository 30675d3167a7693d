import type { ClientReport } from '../../../../src/contracts/report.js'
import type { Json } from '../../../../src/contracts/json.js'
import type { LogEntry } from '../../../../src/contracts/transport.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { digestOf } from '../../../../src/core/release/digest.js'
import { decodeRelease, encodeRelease, releaseDigest } from '../../../../src/core/release/release.js'
import { encodeText, sameBytes } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { startProcess, type SimProcess } from '../../../../src/sim/process.js'
import { systemHasher } from '../../../../src/system/system.js'
import { epoch, never } from '../../../support/session.js'
import { reportOf } from '../../../support/report-of.js'
import { boardSystem } from '../board-system.js'
import { during } from '../waiting.js'
import type { SceneStage } from './scene.js'

const NAMESPACE = 'shop/ages'
const PRIVATE = '/board/private'
const PUBLIC = `/board/public/v1/${NAMESPACE}`

/** Files of a later version, in every folder of a board; an older one has no use for them. */
const LATER_FILES: Readonly<Record<string, string>> = {
  [`${PUBLIC}/notes.json`]: '{"later":1}',
  [`${PUBLIC}/releases/index.json`]: '{"later":1}',
  [`${PUBLIC}/releases/${epoch}/index.json`]: '{"later":1}',
  [`${PUBLIC}/snapshots/pack.bin`]: 'later',
  [`${PUBLIC}/later/1.json`]: '{"later":1}',
  [`${PRIVATE}/later/${NAMESPACE}/1.json`]: '{"later":1}',
  [`${PRIVATE}/tmp/a-note.txt`]: 'later',
  [`${PRIVATE}/audit/${NAMESPACE}/${epoch}/1.signature`]: 'later',
  [`${PRIVATE}/epochs/${NAMESPACE}/plan.json`]: '{"later":1}',
  [`${PRIVATE}/reports/${NAMESPACE}/all.bin`]: 'later',
  [`${PRIVATE}/reports/${NAMESPACE}/later.1.json`]: '{"later":1,"reports":[],"v":1}',
  [`${PRIVATE}/reports/${NAMESPACE}/later.2.json`]: '{"reports":{},"v":2}',
}

interface Life {
  readonly own: SimProcess
  readonly store: FileStore
  readonly isYoung: boolean
}

/**
 * A process of an older version beside one of a later, over one board: the later one writes members
 * and files that the older does not know. Both publish, report, repair and sweep, end and die; each
 * finds what it wrote, whatever the other one did meanwhile.
 */
export async function playVersions({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const disk = simDisk(clock, dice)
  let lives = 0
  const start = (machine: string): Life => {
    lives += 1
    const own = startProcess(`${machine}.${lives}`, { clock, seed })
    const store = fileStore('/board', {
      fs: disk.mount(own),
      owner: own.owner,
      system: boardSystem(own),
      pollIntervalMs: 5_000,
    })
    return { own, store, isYoung: machine === 'young' }
  }
  const patiently = async <T>(work: Promise<T>): Promise<T> => {
    const found = await during(
      clock,
      work.then(value => ({ value })),
      30_000,
    )
    if (found === undefined) throw new Error('an operation of a board did not end')
    return found.value
  }

  const log: { readonly bytes: Uint8Array; readonly audit: Uint8Array }[] = []
  const publish = async ({ store, isYoung }: Life): Promise<void> => {
    const sequence = log.length + 1
    const snapshot = encodeText(canonicalize({ n: dice.between(0, 4) }))
    const digest = digestOf(systemHasher, snapshot)
    const audit = encodeText(canonicalize({ reason: `${sequence}`, v: 1, ...(isYoung && { later: 1 }) }))
    const head = log.at(-1)?.bytes
    const plain = encodeRelease({
      v: 1,
      namespace: NAMESPACE,
      epoch,
      sequence,
      issuedAt: '2026-01-01T00:00:00.000Z',
      cause: 'publish',
      stable: { version: sequence, variants: [{ digest, bytes: snapshot.length }] },
      prev: head === undefined ? null : releaseDigest(systemHasher, head),
      audit: digestOf(systemHasher, audit),
    })
    const bytes = isYoung ? withLater(plain) : plain
    await patiently(store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never))
    const at = { epoch, sequence }
    const outcome = await patiently(store.append({ namespace: NAMESPACE, at, bytes, audit }, never))
    if (outcome === 'appended') log.push({ bytes, audit })
    else
      violate(
        'publishing-works-again',
        `${isYoung ? 'the later' : 'the older'} version lost ${sequence} to nobody`,
      )
  }

  /** The last word of each instance, once a process had time to write it. */
  const words = new Map<string, ClientReport>()
  let count = 0
  const report = async ({ store, isYoung }: Life): Promise<void> => {
    const reports = Array.from({ length: dice.between(1, 3) }, () => {
      count += 1
      const instanceId = `${isYoung ? 'young' : 'old'}-${dice.between(1, 6)}`
      const plain = reportOf({ namespace: NAMESPACE, instanceId, count })
      if (!isYoung) return plain
      return { ...plain, mood: `m${count}`, ...(dice.chance(0.3) && { phase: 'resting' as never }) }
    })
    await patiently(store.report(reports, never))
    for (const each of reports) words.set(each.instanceId, each)
    // Reports are written together, some seconds later.
    await clock.advance(7_000)
  }

  const check = async (lifesNow: readonly Life[]): Promise<void> => {
    for (const { store, isYoung } of lifesNow) {
      const who = isYoung ? 'a later version' : 'an older version'
      const read = async (): Promise<readonly LogEntry[]> => {
        const entries: LogEntry[] = []
        for await (const entry of store.history({ namespace: NAMESPACE }, never)) entries.unshift(entry)
        return entries
      }
      const found = await patiently(read())
      const isSame = found.every(
        ({ bytes, audit }, index) =>
          sameBytes(bytes, log[index]?.bytes ?? new Uint8Array()) &&
          audit !== undefined &&
          sameBytes(audit, log[index]?.audit ?? new Uint8Array()),
      )
      if (found.length !== log.length || !isSame)
        violate(
          'acknowledged-survives',
          `${who} reads ${found.length} of ${log.length} releases with their records`,
        )
      const { reports } = await patiently(store.reports({ namespace: NAMESPACE }, never))
      for (const [instanceId, word] of words) {
        const said = reports.find(each => each.instanceId === instanceId)
        const isKnown = (word.phase as string) !== 'resting'
        if (isKnown && said?.count !== word.count)
          violate(
            'last-words-hold',
            `${who} has heard ${said?.count ?? 'nothing'} of ${instanceId}, which said ${word.count}`,
          )
      }
    }
    for (const [instanceId, word] of words)
      if (!isKept(word))
        violate(
          'nothing-of-others-is-lost',
          `a report of ${instanceId}, with all that it says, is in no file`,
        )
    for (const [path, text] of Object.entries(LATER_FILES)) {
      const bytes = disk.files.get(path)
      if (bytes === undefined || !sameBytes(bytes, encodeText(text)))
        violate('nothing-of-others-is-lost', `${path} of a later version is gone`)
    }
  }
  /** Whether some file has the report as it was said, or a later word of the instance. */
  const isKept = (word: ClientReport): boolean =>
    [...disk.files].some(([path, bytes]) => {
      if (!path.startsWith(`${PRIVATE}/reports/`) || !path.endsWith('.json')) return false
      const { reports } = JSON.parse(new TextDecoder().decode(bytes)) as { reports: unknown }
      return (
        Array.isArray(reports) &&
        reports.some(found =>
          Object.entries(word).every(
            ([name, value]) =>
              canonicalize((found as Record<string, Json>)[name] ?? null) === canonicalize(value),
          ),
        )
      )
    })

  let both = [start('old'), start('young')]
  await publish(dice.pick(both))
  const hands = disk.mount(startProcess('hands.1', { clock, seed }))
  for (const [path, text] of Object.entries(LATER_FILES)) {
    await patiently(hands.makeFolder(path.slice(0, path.lastIndexOf('/'))))
    await patiently(hands.create(path, encodeText(text)))
  }
  for (let round = dice.between(4, 7); round > 0; round -= 1) {
    for (const life of both) {
      if (dice.chance(0.7)) await publish(life)
      if (dice.chance(0.8)) await report(life)
    }
    const type = dice.pick(['close', 'kill', 'wait', 'wait'] as const)
    note(type)
    if (type === 'wait') await clock.advance(dice.pick([70_000, 3_700_000, 2 * 3_600_000]))
    else {
      const [gone, rest] = dice.chance(0.5) ? [both[0], both[1]] : [both[1], both[0]]
      if (gone === undefined || rest === undefined) return
      if (type === 'close') await patiently(gone.store.close())
      gone.own.kill()
      await clock.advance(dice.between(0, 4_000))
      both = [rest, start(gone.isYoung ? 'young' : 'old')]
      met('a version began anew beside another one')
    }
    await check(both)
  }
  await patiently(Promise.all(both.map(({ store }) => store.close())))
  for (const { own } of both) own.kill()
}

/** The release with members that this version does not know, at every level where they may be. */
function withLater(bytes: Uint8Array): Uint8Array {
  const { release, signatures } = JSON.parse(new TextDecoder().decode(bytes)) as {
    release: { stable: object; [member: string]: unknown }
    signatures: readonly unknown[]
  }
  const later = { ...release, later: { of: 1 }, stable: { ...release.stable, later: 1 } }
  const file = encodeText(canonicalize({ release: later, signatures, zone: 'later' }))
  decodeRelease(file)
  return file
}
