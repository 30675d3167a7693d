import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ClientReport, HeardReports } from '../../../../src/contracts/report.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { nodeFs } from '../../../../src/node/disk/node-fs.js'
import { systemClock } from '../../../../src/system/system.js'
import { closeLater, NAMESPACE, never, publish, temporaryFolder } from '../../../support/board-kit.js'
import { reportOf } from '../../../support/report-of.js'

const report = (instanceId: string, count: number, more: Partial<ClientReport> = {}): ClientReport =>
  reportOf({
    namespace: NAMESPACE,
    instanceId,
    clientId: `client-${instanceId}`,
    count,
    labels: { region: 'eu' },
    phase: 'healthy',
    protection: 'disk',
    ...more,
  })

const realFs = nodeFs()

const byInstance = ({ reports }: HeardReports) =>
  Object.fromEntries(reports.map(({ instanceId, count, phase }) => [instanceId, `${count} ${phase}`]).sort())

describe('reports', () => {
  it('keep the last word of each instance, whatever order they come in', async () => {
    const store = closeLater(fileStore(await temporaryFolder()))
    await store.report([report('a', 1), report('b', 5)], never)
    await store.report([report('a', 3, { phase: 'rejected' }), report('b', 4)], never)
    await store.report([report('a', 2)], never)
    const heard = await store.reports({ namespace: NAMESPACE }, never)
    expect(byInstance(heard)).toEqual({ a: '3 rejected', b: '5 healthy' })
    expect(heard.reports[0]?.receivedAt).toMatch(/^\d{4}-.*Z$/)
    expect((await store.reports({ namespace: 'other' }, never)).reports).toEqual([])
  })

  it('survive a restart, and are folded over processes', async () => {
    const folder = await temporaryFolder()
    const alive = { isGone: () => false }
    const one = fileStore(folder, { owner: { tag: 'one', ...alive } })
    const two = fileStore(folder, { owner: { tag: 'two', ...alive } })
    await one.report([report('a', 1), report('b', 9)], never)
    await two.report([report('a', 2), report('c', 1)], never)
    await one.close()
    await two.close()
    expect((await readdir(join(folder, 'private/reports', NAMESPACE))).sort()).toEqual([
      'one.json',
      'two.json',
    ])

    const three = closeLater(fileStore(folder, { owner: { tag: 'three', isGone: tag => tag !== 'three' } }))
    expect(byInstance(await three.reports({ namespace: NAMESPACE }, never))).toEqual({
      a: '2 healthy',
      b: '9 healthy',
      c: '1 healthy',
    })
    // What the others left is taken over with the next write.
    await three.report([report('d', 1)], never)
    await three.close()
    expect(await readdir(join(folder, 'private/reports', NAMESPACE))).toEqual(['three.json'])
    expect(byInstance(await closeLater(fileStore(folder)).reports({ namespace: NAMESPACE }, never))).toEqual({
      a: '2 healthy', b: '9 healthy', c: '1 healthy', d: '1 healthy',
    }) // prettier-ignore
  })

  it('keep when an instance was heard first and since when any was, over processes and restarts', async () => {
    const folder = await temporaryFolder()
    let nowMs = Date.parse('2026-11-21T09:30:00.000Z')
    const system = { clock: { ...systemClock, now: () => nowMs } }
    const open = (tag: string): FileStore =>
      fileStore(folder, { system, owner: { tag, isGone: other => other !== tag } })
    const minutes = (count: number): string => new Date(Date.UTC(2026, 10, 21, 9, 30 + count)).toISOString()
    const look = async (store: FileStore): Promise<HeardReports> =>
      store.reports({ namespace: NAMESPACE }, never)

    const one = open('one')
    expect(await look(one)).toEqual({ since: minutes(0), asOf: minutes(0), reports: [] })
    nowMs += 60_000
    await one.report([report('a', 1)], never)
    nowMs += 60_000
    await one.report([report('a', 2), report('b', 1)], never)
    expect(await look(one)).toMatchObject({
      since: minutes(1),
      asOf: minutes(2),
      reports: [
        { count: 2, firstHeardAt: minutes(1), receivedAt: minutes(2) },
        { count: 1, firstHeardAt: minutes(2), receivedAt: minutes(2) },
      ],
    })
    await one.close()
    nowMs += 60_000
    // Another process hears the next word of one of them, and takes over the file.
    const two = open('two')
    await two.report([report('a', 3)], never)
    const told = {
      since: minutes(1),
      reports: [
        { count: 3, firstHeardAt: minutes(1), receivedAt: minutes(3) },
        { count: 1, firstHeardAt: minutes(2), receivedAt: minutes(2) },
      ],
    }
    expect(await look(two)).toMatchObject(told)
    await two.close()
    expect(await readdir(join(folder, 'private/reports', NAMESPACE))).toEqual(['two.json'])
    expect(await look(closeLater(open('three')))).toMatchObject(told)
  })

  it('may be deleted or damaged at any time', async () => {
    const folder = await temporaryFolder()
    const store = fileStore(folder)
    await store.report([report('a', 1)], never)
    await store.close()
    const reports = join(folder, 'private/reports', NAMESPACE)
    await writeFile(join(reports, 'broken.json'), '{"reports":[{"v":1}],"v":1}')
    await writeFile(join(reports, 'cut.json'), '{"repo')
    await writeFile(join(reports, 'later.json'), '{"reports":[],"v":2}')
    expect(byInstance(await closeLater(fileStore(folder)).reports({ namespace: NAMESPACE }, never))).toEqual({
      a: '1 healthy',
    })
    await rm(reports, { recursive: true })
    expect((await closeLater(fileStore(folder)).reports({ namespace: NAMESPACE }, never)).reports).toEqual([])
  })

  it('of a later version are left to it, even when nobody writes them any more', async () => {
    const folder = await temporaryFolder()
    const reports = join(folder, 'private/reports', NAMESPACE)
    const store = fileStore(folder, { owner: { tag: 'one', isGone: tag => tag !== 'one' } })
    await store.report([report('a', 1)], never)
    await store.close()
    await writeFile(join(reports, 'earlier.json'), '{"reports":[],"v":1}')
    await writeFile(join(reports, 'later.json'), '{"reports":[],"v":2}')
    const again = fileStore(folder, { owner: { tag: 'one', isGone: tag => tag !== 'one' } })
    await again.report([report('b', 1)], never)
    await again.close()
    expect((await readdir(reports)).sort()).toEqual(['later.json', 'one.json'])
  })

  it('are all there while another process takes over the file of one that is gone', async () => {
    const folder = await temporaryFolder()
    const reports = join(folder, 'private/reports', NAMESPACE)
    const owner = (tag: string) => ({ tag, isGone: () => false })
    const gone = fileStore(folder, { owner: owner('b-gone') })
    await gone.report([report('a', 7)], never)
    await gone.close()
    const alive = fileStore(folder, { owner: owner('a-alive') })
    await alive.report([report('b', 1)], never)
    await alive.close()
    const taken = await readFile(join(reports, 'b-gone.json'), 'utf8')
    const reader = closeLater(
      fileStore(folder, {
        owner: owner('reader'),
        fs: {
          ...realFs,
          read: async (path, maxBytes) => {
            const bytes = await realFs.read(path, maxBytes)
            // Once it was read, the file of the living takes the other's words in.
            if (path.endsWith('a-alive.json') && existsSync(join(reports, 'b-gone.json'))) {
              await writeFile(path, taken)
              await rm(join(reports, 'b-gone.json'))
            }
            return bytes
          },
        },
      }),
    )
    expect(byInstance(await reader.reports({ namespace: NAMESPACE }, never))).toEqual({ a: '7 healthy' })
  })

  it('are forgotten after a week without a word', async () => {
    let nowMs = Date.parse('2026-11-21T09:30:00.000Z')
    const store = closeLater(
      fileStore(await temporaryFolder(), { system: { clock: { ...systemClock, now: () => nowMs } } }),
    )
    await store.report([report('a', 1)], never)
    nowMs += 6 * 86_400_000
    await store.report([report('b', 1)], never)
    nowMs += 2 * 86_400_000
    expect(byInstance(await store.reports({ namespace: NAMESPACE }, never))).toEqual({ b: '1 healthy' })
  })

  it('are bounded, and the ones heard longest ago go first', async () => {
    let nowMs = Date.parse('2026-11-21T09:30:00.000Z')
    const store = closeLater(
      fileStore(await temporaryFolder(), { system: { clock: { ...systemClock, now: () => (nowMs += 1) } } }),
    )
    for (let from = 0; from < 24_000; from += 100) {
      await store.report(
        Array.from({ length: 100 }, (_, index) => report(`i${from + index}`, 1)),
        never,
      )
    }
    const { reports: heard } = await store.reports({ namespace: NAMESPACE }, never)
    expect(heard.length).toBe(20_000)
    expect(heard.some(({ instanceId }) => instanceId === 'i0')).toBe(false)
    expect(heard.some(({ instanceId }) => instanceId === 'i23999')).toBe(true)
  })
})

describe('beside a namespace', () => {
  it('a schema is kept', async () => {
    const folder = await temporaryFolder()
    const store = closeLater(fileStore(folder))
    expect(await store.schema({ namespace: NAMESPACE }, never)).toBeUndefined()
    const bytes = encodeText('{"type":"object"}')
    await store.putSchema({ namespace: NAMESPACE, bytes }, never)
    expect(await closeLater(fileStore(folder)).schema({ namespace: NAMESPACE }, never)).toEqual(bytes)
    // A schema alone is no release.
    expect(await store.namespaces(never)).toEqual([])
  })

  it('others are listed, nested ones too', async () => {
    const store = closeLater(fileStore(await temporaryFolder()))
    for (const namespace of ['b', 'a/x/y/z', 'a', 'a.b/c-d_e'])
      await publish(store, { size: 1 }, { namespace })
    expect(await store.namespaces(never)).toEqual(['a', 'a/x/y/z', 'a.b/c-d_e', 'b'])
  })
})
