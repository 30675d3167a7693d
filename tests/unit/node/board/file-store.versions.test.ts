import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../../../src/core/json/canonical.js'

import { encodeText } from '../../../../src/core/json/text.js'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { systemClock } from '../../../../src/system/system.js'
import {
  closeLater,
  EPOCH,
  NAMESPACE,
  never,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { reportOf } from '../../../support/report-of.js'

/** A process beside which everybody else is gone. */
const alone = { tag: 'old', isGone: (tag: string) => tag !== 'old' }
const snapshot = snapshotOf({ size: 1 })

/** A release of a later format. */
const later = (at: { readonly epoch: string; readonly sequence: number }): Uint8Array => {
  const { release, signatures } = JSON.parse(new TextDecoder().decode(releaseOf(snapshot, { at }))) as {
    release: object
    signatures: []
  }
  return encodeText(canonicalize({ release: { ...release, v: 2 }, signatures }))
}

describe('what a later version left in a board', () => {
  it('keeps the number of an epoch that it was about to open: its release stands in its place then', async () => {
    const folder = await temporaryFolder()
    const openings = join(folder, 'private/epochs', NAMESPACE)
    await mkdir(openings, { recursive: true })
    await mkdir(join(folder, 'private/tmp'))
    const at = { epoch: '1-dddddddd', sequence: 1 }
    await writeFile(join(openings, '1.json'), later(at))
    const store = closeLater(fileStore(folder, { owner: alone }))
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    expect(latest).toMatchObject({ type: 'release', bytes: later(at) })
    expect(await readdir(openings)).toEqual([])
  })

  it('keeps the audit record whose writer died, and settles those of releases that can be read', async () => {
    const folder = await temporaryFolder()
    await publish(fileStore(folder, { owner: alone }), { size: 1 })
    const releases = join(folder, 'public/v1', NAMESPACE, 'releases', EPOCH)
    const audits = join(folder, 'private/audit', NAMESPACE, EPOCH, 'new')
    await mkdir(audits, { recursive: true })
    await writeFile(join(releases, '2.json'), later({ epoch: EPOCH, sequence: 2 }))
    const record = encodeText('{"reason":"later"}')
    await writeFile(join(audits, `2.gone.${'a'.repeat(12)}.tmp`), record)
    await writeFile(join(audits, `3.gone.${'a'.repeat(12)}.tmp`), record)

    await closeLater(fileStore(folder, { owner: alone })).latest({ namespace: NAMESPACE }, never)
    expect(await readdir(audits)).toEqual([`2.gone.${'a'.repeat(12)}.tmp`])
  })

  it('keeps every member of the reports that are taken over', async () => {
    const folder = await temporaryFolder()
    const reports = join(folder, 'private/reports', NAMESPACE)
    await mkdir(reports, { recursive: true })
    const receivedAt = new Date().toISOString()
    const said = { ...reportOf({ namespace: NAMESPACE, instanceId: 'a' }), mood: 'calm', receivedAt }
    await writeFile(join(reports, 'young.json'), canonicalize({ reports: [said], v: 1 }))
    const store = fileStore(folder, { owner: alone })
    await store.report([reportOf({ namespace: NAMESPACE, instanceId: 'b' })], never)
    await store.close()
    expect(await readdir(reports)).toEqual(['old.json'])
    const file = JSON.parse(await readFile(join(reports, 'old.json'), 'utf8')) as {
      reports: readonly { readonly instanceId: string }[]
    }
    expect(file.reports.find(({ instanceId }) => instanceId === 'a')).toEqual(said)
  })

  it('keeps a file of reports of which one cannot be read, whose others count; for a week', async () => {
    const folder = await temporaryFolder()
    const reports = join(folder, 'private/reports', NAMESPACE)
    await mkdir(reports, { recursive: true })
    const receivedAt = new Date().toISOString()
    const [known, unknown] = ['a', 'b'].map(instanceId => ({
      ...reportOf({ namespace: NAMESPACE, instanceId }),
      ...(instanceId === 'b' && { phase: 'resting' }),
      receivedAt,
    }))
    const file = canonicalize({ reports: [known, unknown], v: 1 } as never)
    await writeFile(join(reports, 'young.json'), file)
    let aheadMs = 0
    const open = (): ReturnType<typeof fileStore> =>
      fileStore(folder, {
        owner: alone,
        system: { clock: { ...systemClock, now: () => Date.now() + aheadMs } },
      })
    const store = open()
    await store.report([reportOf({ namespace: NAMESPACE, instanceId: 'c' })], never)
    const { reports: heard } = await store.reports({ namespace: NAMESPACE }, never)
    expect(heard.map(({ instanceId }) => instanceId).sort()).toEqual(['a', 'b', 'c'])
    await store.close()
    expect(await readFile(join(reports, 'young.json'), 'utf8')).toBe(file)

    aheadMs = 8 * 86_400_000
    const late = open()
    await late.report([reportOf({ namespace: NAMESPACE, instanceId: 'c', count: 2 })], never)
    await late.close()
    expect(await readdir(reports)).toEqual(['old.json'])
  })
})
