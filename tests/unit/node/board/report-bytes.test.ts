import { expect, test } from 'vitest'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { createBoard } from '../../../../src/node/board/board.js'
import { boardReports } from '../../../../src/node/board/reports.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memoryDisk } from '../../../proof/fuzz/memory-disk.js'
import { reportOf } from '../../../support/report-of.js'

const MAX_BYTES = 60_000
const PRESENCE_MS = 300_000

/** `written` is called at each write of a file. */
function open({ written = () => {} }: { readonly written?: () => void } = {}) {
  const clock = virtualClock()
  const disk = memoryDisk(new Map())
  const fs: typeof disk = {
    ...disk,
    rename(from, to) {
      written()
      return disk.rename(from, to)
    },
  }
  const owner = { tag: '00000000-1-00000000', isGone: () => false }
  const board = createBoard('/board', {
    fs,
    clock,
    random: seededRandom(1),
    hasher: systemHasher,
    owner,
    logger: undefined,
  })
  const reports = boardReports(board, { open: async () => {}, watch: write => write(), maxBytes: MAX_BYTES })
  const sizeOf = async (namespace: string): Promise<number> =>
    (await fs.stat(`/board/private/reports/${namespace}/${owner.tag}.json`))?.bytes ?? 0
  return { clock, reports, sizeOf }
}

const words = (namespace: string, from: number, count: number, said: number): ClientReport[] =>
  Array.from({ length: count }, (_, index) => {
    const instanceId = `i${from + index}`
    return reportOf({
      namespace,
      instanceId,
      clientId: instanceId,
      count: said,
      nextReportWithinMs: PRESENCE_MS,
    })
  })

test('reports take no more on disk than they may, and each namespace has its share of that', async () => {
  const { clock, reports, sizeOf } = open()
  reports.hear(words('small', 0, 5, 1))
  reports.hear(words('flooded', 0, 500, 1))
  await Promise.all([reports.flush(), clock.advance(1)])
  const alone = await sizeOf('flooded')
  expect(alone).toBeGreaterThan(MAX_BYTES / 2)
  reports.hear(words('another', 0, 500, 1))
  await Promise.all([reports.flush(), clock.advance(1)])
  const sizes = await Promise.all(['small', 'flooded', 'another'].map(sizeOf))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MAX_BYTES)
  expect(sizes[2]).toBeGreaterThan(MAX_BYTES / 3)
  expect(sizes[1]).toBeGreaterThan(MAX_BYTES / 3)
  expect((await reports.all('small')).reports).toHaveLength(5)
})

test('who was heard for three periods stays on disk, however many newcomers there are', async () => {
  const { clock, reports } = open()
  for (const said of [1, 2, 3, 4]) {
    reports.hear(words('shop', 0, 20, said))
    await clock.advance(PRESENCE_MS)
  }
  for (let round = 1; round <= 5; round += 1) {
    reports.hear(words('shop', round * 1_000, 500, 1))
    await Promise.all([reports.flush(), clock.advance(1)])
  }
  const names = new Set((await reports.all('shop')).reports.map(({ instanceId }) => instanceId))
  expect(words('shop', 0, 20, 1).filter(({ instanceId }) => !names.has(instanceId))).toEqual([])
  expect(names.size).toBeLessThan(500)
})

test('a file is written once an interval, however much comes while it is written', async () => {
  let writes = 0
  const { clock, reports } = open({
    written() {
      writes += 1
      if (writes < 50) reports.hear(words('shop', writes, 1, 1))
    },
  })
  reports.hear(words('shop', 0, 1, 1))
  await clock.advance(5_001)
  expect(writes).toBe(1)
  await clock.advance(10_000)
  expect(writes).toBe(3)
})
