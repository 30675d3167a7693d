import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { fileStore } from '../../../src/node/board/file-store.js'
import { boardCheck, leftIn, RACE_NAMESPACE as NAMESPACE } from './board-check.js'
import { closeLater, digestOfRelease, never, permanentFolder } from '../../support/board-kit.js'
import { scaled } from '../../support/scale.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { startChild } from '../../support/processes/child.js'
import { publicationOn } from '../../support/processes/publication.js'
import { runKills } from './kill-trials.js'

/** How many publishers are killed at random. `npm run prove -- --only kills` kills thousands. */
const TRIALS = 24

/** Of the steps at which one is killed in turn every so many, from a drawn one on. */
const STRIDE = scaled({ share: 4, whole: 1 })
const EPOCH = '1-00000001'

let script: string
beforeAll(async () => {
  script = await bundleChild('publisher-child', await permanentFolder())
})

/**
 * Reads everything that is served, and what nobody was told of as well; gives the digests of the
 * log by position.
 */
async function readServed(folder: string): Promise<ReadonlyMap<string, string>> {
  const { violations, log } = await boardCheck(folder).after(new Map())
  expect(violations).toEqual([])
  return log
}

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
    { timeout: 600_000 },
    async () => {
      const { trials, inside, at, leftOver, unacknowledged, acknowledged, violations } = await runKills({
        trials: TRIALS,
      })
      expect(violations).toEqual([])
      expect(trials).toBe(TRIALS)
      // Most of them hit where it matters, at different steps, and some with something to repair.
      expect(inside).toBeGreaterThan(TRIALS / 3)
      expect(Object.keys(at).length).toBeGreaterThan(3)
      expect(leftOver).toBeGreaterThan(0)
      expect(unacknowledged).toBeGreaterThan(0)
      expect(acknowledged).toBeGreaterThan(0)
    },
  )

  /**
   * Kills a publisher before operations on the disk of its last publish, in turn; gives how often
   * it did.
   */
  const stepwise = async (before: number): Promise<number> => {
    let steps = 0
    let ended = false
    let killAtStep = 1 + Math.floor(Math.random() * STRIDE) - STRIDE
    const runner = async (): Promise<void> => {
      while (!ended) {
        killAtStep += STRIDE
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
    const next = fileStore(folder)
    const { snapshot, release } = await publicationOn(next, { epoch: '1-00000002', round: 0 })
    await next.put({ namespace: NAMESPACE, ...snapshot }, never)
    expect(await next.append({ namespace: NAMESPACE, ...release }, never)).toBe('appended')
    await next.close()
    const after = await readServed(folder)
    for (const [position, digest] of log) expect(after.get(position)).toBe(digest)
    expect(after.size).toBeGreaterThan(log.size)
    expect(await leftIn(folder)).toEqual([])
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

  it('can be killed at each step of opening an epoch', { timeout: 600_000 }, async () => {
    expect(await stepwise(0)).toBeGreaterThan(Math.floor(20 / STRIDE) - 1)
  })

  it('can be killed at each step of an append', { timeout: 600_000 }, async () => {
    expect(await stepwise(1)).toBeGreaterThan(Math.floor(15 / STRIDE) - 1)
  })
})
