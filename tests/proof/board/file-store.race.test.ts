import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { decodeRelease } from '../../../src/core/release/release.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { closeLater, digestOfRelease, never, permanentFolder } from '../../support/board-kit.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { startChild, type Child } from '../../support/processes/child.js'
import { scaled, SCALED_LIMIT_MS } from '../../support/scale.js'

const NAMESPACE = 'race/prod'
/** What each publisher brings about at least. */
const ACKNOWLEDGED = scaled({ share: 60, whole: 1_000 })
const REFUSED = ACKNOWLEDGED / 10

describe('three publishers on one folder', () => {
  it(
    'share out the positions of one log: none twice, none lost, no gap',
    { timeout: SCALED_LIMIT_MS },
    async () => {
      const folder = await permanentFolder()
      const script = await bundleChild('publisher-child', folder)
      const children = [1, 2, 3].map(() => startChild(script))
      onTestFinished(() => children.forEach(({ kill }) => kill()))
      await Promise.all(children.map(({ ready }) => ready))
      // Each brings an epoch of its own to the empty board; one wins.
      const raced = children.map(hasRaced)
      children.forEach((child, index) =>
        child.start({ folder, epoch: `1-0000000${index}`, count: Number.MAX_SAFE_INTEGER }),
      )
      // All go on until the last has enough: one that is alone meets no refusal any more.
      const ended = children.map(child => child.ended)
      void Promise.race([Promise.all(raced), ...ended]).then(() => children.forEach(({ stop }) => stop()))

      const positionByTime = new Map<number, string>()
      const fractions: number[] = []
      let running = true
      const reader = (async () => {
        const pointer = join(folder, 'public/v1', NAMESPACE, 'release.json')
        while (running) {
          // Leaves the processors to the publishers.
          await new Promise(resolve => setTimeout(resolve, 3))
          try {
            const before = await stat(pointer)
            const { release } = decodeRelease(new Uint8Array(await readFile(pointer)))
            const after = await stat(pointer)
            if (before.mtimeMs % 1000 !== 0) fractions.push(before.mtimeMs)
            // Only what was read between two equal looks belongs to that time.
            if (before.ino === after.ino && before.mtimeMs === after.mtimeMs) {
              const position = `${release.epoch}:${release.sequence}`
              expect(positionByTime.get(before.mtimeMs) ?? position).toBe(position)
              positionByTime.set(before.mtimeMs, position)
            }
          } catch (error) {
            // Before the first release there is no pointer.
            if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
          }
        }
      })()
      const ends = await Promise.all(ended)
      running = false
      await reader

      const acknowledged = new Map<string, string>()
      let total = 0
      for (const { lines, code } of ends) {
        expect(code).toBe(0)
        const own = lines.filter(line => line.startsWith('appended'))
        expect(own.length).toBeGreaterThanOrEqual(ACKNOWLEDGED)
        expect(lines.filter(line => line.startsWith('taken')).length).toBeGreaterThanOrEqual(REFUSED)
        total += own.length
        for (const line of own) {
          const [, position, digest] = line.split(' ')
          acknowledged.set(position!, digest!)
        }
      }
      expect(acknowledged.size).toBe(total)

      const store = closeLater(fileStore(folder))
      const log: [string, string][] = []
      let follower: string | null | undefined
      for await (const { bytes, audit } of store.history({ namespace: NAMESPACE }, never)) {
        const { release } = decodeRelease(bytes)
        const digest = digestOfRelease(bytes)
        if (follower !== undefined) expect(follower).toBe(digest)
        follower = release.prev
        expect(audit).toBeDefined()
        log.push([`${release.epoch}:${release.sequence}`, digest])
      }
      expect(follower).toBe(null)
      expect(log).toHaveLength(total)
      expect(decodeRelease(await newestBytes(folder)).release.sequence).toBe(total)
      for (const [position, digest] of log) expect(acknowledged.get(position)).toBe(digest)

      const epochs = await readdir(join(folder, 'public/v1', NAMESPACE, 'releases'))
      const held = await Promise.all(
        epochs.map(epoch => readdir(join(folder, 'public/v1', NAMESPACE, 'releases', epoch))),
      )
      expect(held.filter(names => names.length > 0)).toHaveLength(1)
      expect(fractions).toEqual([])
      expect(positionByTime.size).toBeGreaterThan(10)
    },
  )
})

/** Resolves when a publisher has had enough acknowledged, and enough refused. */
function hasRaced(child: Child): Promise<void> {
  return new Promise(resolve => {
    let [acknowledged, refused] = [0, 0]
    child.onLine(line => {
      if (line.startsWith('appended')) acknowledged += 1
      if (line.startsWith('taken')) refused += 1
      if (acknowledged >= ACKNOWLEDGED && refused >= REFUSED) resolve()
    })
  })
}

async function newestBytes(folder: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(folder, 'public/v1', NAMESPACE, 'release.json')))
}
