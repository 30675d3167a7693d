// A board as years of publishing leave it, without the years: files as a publisher writes them, not
// flushed one by one.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeRelease, encodeRelease, releaseDigest, systemHasher } from 'noticeboard/core'

/**
 * Adds releases to the log of a namespace that has one release, until there are so many.
 * @param {{ folder: string, namespace: string, releases: number }} board
 */
export function growLog({ folder, namespace, releases }) {
  const base = join(folder, 'public/v1', namespace)
  const [epoch = ''] = readdirSync(join(base, 'releases'))
  const log = join(base, 'releases', epoch)
  const audits = join(folder, 'private/audit', namespace, epoch)
  let bytes = readFileSync(join(log, '1.json'))
  const audit = readFileSync(join(audits, '1.json'))
  const { release: first } = decodeRelease(bytes)
  for (let sequence = 2; sequence <= releases; sequence += 1) {
    const prev = releaseDigest(systemHasher, bytes)
    bytes = Buffer.from(encodeRelease({ ...first, sequence, prev, stable: { ...first.stable, version: 1 } }))
    writeFileSync(join(log, `${sequence}.json`), bytes)
    writeFileSync(join(audits, `${sequence}.json`), audit)
  }
  writeFileSync(join(base, 'release.json'), bytes)
}
