import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { decodeRelease, digestsOf } from '../../src/core/release.js'
import { parseCanonical } from '../../src/core/strict-parse.js'
import { digestOf } from '../../src/core/digest.js'
import { fileStore } from '../../src/node/file-store.js'
import { systemCrypto } from '../../src/ports/system.js'
import { closeLater, digestOfRelease, never, permanentFolder } from './board-kit.js'
import { bundleChild } from './fixtures/bundle.js'
import { startChild, type Child } from './fixtures/child.js'

const NAMESPACE = 'race/prod'
const TRIALS = 200
const INSIDE = 100
const EPOCH = '1-00000001'

let script: string
beforeAll(async () => {
  script = await bundleChild('publisher-child', await permanentFolder())
})

/** Every file of a folder, relative to it. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** Reads everything that is served and fails on anything half-written; gives the digests of the log by position. */
async function readServed(folder: string, from = 1): Promise<ReadonlyMap<string, string>> {
  const log = new Map<string, string>()
  const base = join(folder, 'public/v1', NAMESPACE)
  for (const name of await filesIn(base)) {
    const [kind, epoch, sequence] = name.split('/')
    if (kind === 'releases' && Number.parseInt(sequence!, 10) < from) continue
    const bytes = new Uint8Array(await readFile(join(base, name)))
    parseCanonical(bytes, { what: name, maxBytes: 1_000_000 })
    if (kind === 'snapshots') expect(`${digestOf(systemCrypto, bytes)}.json`).toBe(epoch)
    else {
      const { release } = decodeRelease(bytes)
      if (kind === 'releases') {
        expect(`${release.epoch}/${release.sequence}.json`).toBe(`${epoch}/${sequence}`)
        log.set(`${release.epoch}:${release.sequence}`, digestOfRelease(bytes))
      }
      const held = await readdir(join(base, 'snapshots'))
      for (const digest of digestsOf(release)) expect(held).toContain(`${digest}.json`)
    }
  }
  return log
}

const leftOver = async (folder: string): Promise<readonly string[]> =>
  (await filesIn(join(folder, 'private'))).filter(
    name => name.startsWith('tmp/') || name.startsWith('epochs/') || name.endsWith('.tmp'),
  )

interface Told {
  readonly acknowledged: ReadonlyMap<string, string>
  readonly tried: readonly string[]
}

function told(lines: readonly string[]): Told {
  const acknowledged = new Map<string, string>()
  const tried: string[] = []
  for (const line of lines) {
    const [word, position, digest] = line.split(' ')
    if (word === 'appended') acknowledged.set(position!, digest!)
    if (word === 'try') tried.push(position!)
  }
  return { acknowledged, tried }
}

describe('a publisher that is killed', () => {
  it(
    `loses nothing acknowledged and leaves nothing half-written, ${TRIALS} times with kill -9`,
    { timeout: 300_000 },
    async () => {
      const folder = await permanentFolder()
      const acknowledged = new Map<string, string>()
      let inside = 0
      let start = 1
      // The next child starts while this one is killed and looked after.
      let waiting: Child = startChild(script)
      // How many fall inside an append is up to the machine, so a few more are made if they are too few.
      for (let trial = 0; trial < TRIALS || (inside < INSIDE && trial < 2 * TRIALS); trial += 1) {
        const child = waiting
        await child.ready
        waiting = startChild(script)
        const stopAfter = trial % 3
        let seen = 0
        child.onLine(line => {
          // Two of three inside of an append, one anywhere.
          if (!line.startsWith(trial % 3 === 2 ? 'try' : 'inside')) return
          seen += 1
          if (seen !== 1 + stopAfter) return
          if (trial % 2 === 0) child.kill()
          else setTimeout(() => child.kill(), 1)
        })
        child.start({ folder, epoch: EPOCH, count: 1_000_000 })
        const { lines, signal } = await child.ended
        expect(signal).toBe('SIGKILL')

        const { acknowledged: fresh } = told(lines)
        for (const [position, digest] of fresh) acknowledged.set(position, digest)
        const log = await readServed(folder, start)
        const unacknowledged = [...log.keys()].filter(position => !acknowledged.has(position))
        if ((await leftOver(folder)).length > 0 || unacknowledged.length > 0) inside += 1
        for (const [position, digest] of fresh) expect(log.get(position)).toBe(digest)
        // What was not acknowledged stands as a whole, or not at all; from now on it is part of the log.
        for (const position of unacknowledged) acknowledged.set(position, log.get(position)!)
        start = Math.max(start, ...[...log.keys()].map(position => Number(position.split(':')[1])))
      }

      waiting.kill()
      await waiting.ended
      const store = closeLater(fileStore(folder))
      const latest = await store.latest({ namespace: NAMESPACE }, never)
      const pointer = new Uint8Array(await readFile(join(folder, 'public/v1', NAMESPACE, 'release.json')))
      expect(latest).toMatchObject({ type: 'release', bytes: pointer })
      expect(decodeRelease(pointer).release.sequence).toBe(acknowledged.size)
      const log = await readServed(folder)
      expect(log.size).toBe(acknowledged.size)
      expect([...acknowledged].every(([position, digest]) => log.get(position) === digest)).toBe(true)
      expect(inside).toBeGreaterThanOrEqual(INSIDE)
    },
  )

  /** Kills a publisher before each operation on the disk of its last publish; gives how many there are. */
  const stepwise = async (before: number): Promise<number> => {
    let steps = 0
    let ended = false
    let killAtStep = 0
    const runner = async (): Promise<void> => {
      while (!ended) {
        killAtStep += 1
        if (await killedAt(killAtStep, before)) steps += 1
        else ended = true
      }
    }
    await Promise.all([runner(), runner(), runner()])
    return steps
  }

  /** Whether the publisher died, rather than coming to its end. */
  const killedAt = async (killAtStep: number, before: number): Promise<boolean> => {
    const folder = await permanentFolder()
    const child = startChild(script)
    await child.ready
    child.start({ folder, epoch: EPOCH, count: before + 1, killAtStep })
    const { lines, signal } = await child.ended
    const { acknowledged, tried } = told(lines)
    const log = await readServed(folder)
    for (const [position, digest] of acknowledged) expect(log.get(position)).toBe(digest)
    expect(log.size).toBeLessThanOrEqual(before + 1)

    // The next publisher opens the board, repairs it and goes on.
    const next = startChild(script)
    await next.ready
    next.start({ folder, epoch: '1-00000002', count: 1 })
    const { lines: nextLines, code } = await next.ended
    expect(code).toBe(0)
    expect(told(nextLines).acknowledged.size).toBe(1)
    const after = await readServed(folder)
    for (const [position, digest] of log) expect(after.get(position)).toBe(digest)
    expect(after.size).toBeGreaterThan(log.size)
    expect(await leftOver(folder)).toEqual([])
    const store = closeLater(fileStore(folder))
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    const history: string[] = []
    for await (const entry of store.history({ namespace: NAMESPACE }, never)) {
      expect(entry.audit).toBeDefined()
      history.push(digestOfRelease(entry.bytes))
    }
    expect(history).toHaveLength(after.size)
    expect(latest).toMatchObject({
      bytes: new Uint8Array(await readFile(join(folder, 'public/v1', NAMESPACE, 'release.json'))),
    })
    expect(tried.length).toBeLessThanOrEqual(before + 1)
    return signal !== null
  }

  it('can be killed at each step of opening an epoch', { timeout: 120_000 }, async () => {
    expect(await stepwise(0)).toBeGreaterThan(20)
  })

  it('can be killed at each step of an append', { timeout: 120_000 }, async () => {
    expect(await stepwise(1)).toBeGreaterThan(15)
  })
})
