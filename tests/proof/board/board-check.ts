import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { formatPosition } from '../../../src/contracts/position.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { decodeRelease, digestsOf, positionOf, releaseDigest } from '../../../src/core/release/release.js'
import { parseCanonical } from '../../../src/core/json/strict-parse.js'
import { sameBytes } from '../../../src/core/json/text.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { systemHasher } from '../../../src/system/system.js'

/** The namespace on which the publishers of `fixtures/publisher-child` work. */
export const RACE_NAMESPACE = 'race/prod'

/**
 * Looks at a board from outside, after each publisher that worked on it. Nobody writes while it
 * looks.
 */
export interface BoardCheck {
  /**
   * Reads what is new. `acknowledged` are the digests of releases, by position, that the last
   * publisher was told stand.
   */
  after(acknowledged: ReadonlyMap<string, string>): Promise<{
    readonly violations: readonly string[]
    /** Releases that stand though nobody was told; from now on they have to stay as well. */
    readonly unacknowledged: number
    /** The digests of all releases by position. */
    readonly log: ReadonlyMap<string, string>
    /** Whether half-written files were left. */
    readonly leftOver: boolean
  }>
  /**
   * Reads all of it once more, also as the store reads it, after a publisher that ended in order.
   */
  whole(): Promise<readonly string[]>
}

/** Checks the board in a folder. */
export function boardCheck(folder: string): BoardCheck {
  const base = join(folder, 'public/v1', RACE_NAMESPACE)
  /** The log as it has to stay: digests by position. */
  const log = new Map<string, string>()
  const seen = new Set<string>()

  const read = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(base, name)))

  /** One file that is served; gives what is wrong with it, and adds a release to `found`. */
  const checkFile = async (
    name: string,
    names: ReadonlySet<string>,
    found: Map<string, string>,
  ): Promise<string | undefined> => {
    const bytes = await read(name)
    parseCanonical(bytes, { what: name, maxBytes: 1_000_000 })
    const [kind] = name.split('/')
    if (kind === 'snapshots')
      return name === `snapshots/${digestOf(systemHasher, bytes)}.json`
        ? undefined
        : 'is not what its name says'
    const { release } = decodeRelease(bytes)
    const missing = digestsOf(release).find(digest => !names.has(`snapshots/${digest}.json`))
    if (missing !== undefined) return `names a snapshot that is not there: ${missing}`
    if (kind !== 'releases') return undefined
    const position = formatPosition(positionOf(release))
    if (`releases/${release.epoch}/${release.sequence}.json` !== name) return `says that it is ${position}`
    const digest = releaseDigest(systemHasher, bytes)
    if (log.has(position) && log.get(position) !== digest) return 'is another release than before'
    found.set(position, digest)
    return undefined
  }

  /** What is served and was not read yet, and the pointer. */
  const look = async (): Promise<{ violations: string[]; found: ReadonlyMap<string, string> }> => {
    const violations: string[] = []
    const found = new Map<string, string>()
    const names = new Set(await filesIn(base))
    for (const name of names) {
      if (seen.has(name) && name !== 'release.json') continue
      seen.add(name)
      try {
        const wrong = await checkFile(name, names, found)
        if (wrong !== undefined) violations.push(`${name} ${wrong}`)
      } catch (error) {
        violations.push(`${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    for (const name of seen) if (!names.has(name)) violations.push(`${name} is gone`)
    return { violations, found }
  }

  return {
    async after(acknowledged) {
      const { violations, found } = await look()
      for (const [position, digest] of acknowledged)
        if (found.get(position) !== digest) violations.push(`${position} was acknowledged and does not stand`)
      let unacknowledged = 0
      for (const [position, digest] of found) {
        if (!acknowledged.has(position)) unacknowledged += 1
        log.set(position, digest)
      }
      return { violations, unacknowledged, log, leftOver: (await leftIn(folder)).length > 0 }
    },

    async whole() {
      seen.clear()
      const { violations, found } = await look()
      if (found.size !== log.size) violations.push(`${found.size} releases stand and not ${log.size}`)
      for (const name of await leftIn(folder))
        violations.push(`${name} was left by a publisher that ended in order`)

      const { signal } = new AbortController()
      const store = fileStore(folder)
      try {
        const pointer = await read('release.json')
        const latest = await store.latest({ namespace: RACE_NAMESPACE }, signal)
        if (latest.type !== 'release' || !sameBytes(latest.bytes, pointer))
          violations.push('the pointer is not the newest release')
        const { sequence } = decodeRelease(pointer).release
        if (sequence !== log.size) violations.push(`the newest release is ${sequence} of ${log.size}`)
        let entries = 0
        for await (const { bytes, audit } of store.history({ namespace: RACE_NAMESPACE }, signal)) {
          entries += 1
          const position = formatPosition(positionOf(decodeRelease(bytes).release))
          if (log.get(position) !== releaseDigest(systemHasher, bytes))
            violations.push(`the history has another ${position}`)
          if (audit === undefined) violations.push(`${position} has no audit record`)
        }
        if (entries !== log.size) violations.push(`the history has ${entries} releases and not ${log.size}`)
      } finally {
        await store.close()
      }
      return violations
    },
  }
}

/** Every file of a folder, relative to it. */
async function filesIn(folder: string): Promise<readonly string[]> {
  // No folder yet: its publisher was killed before it made one.
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1))
}

/** What half an append leaves. */
export async function leftIn(folder: string): Promise<readonly string[]> {
  return (await filesIn(join(folder, 'private'))).filter(
    name => name.startsWith('tmp/') || name.startsWith('epochs/') || name.endsWith('.tmp'),
  )
}
