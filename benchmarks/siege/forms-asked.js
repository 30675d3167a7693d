// What strangers ask for without end: deltas of every pair of versions, and of pairs that there
// are not, and every snapshot in every encoding, fetched and over event streams.
import { randomBytes } from 'node:crypto'
import { get } from 'node:http'

/** @typedef {{ port: number, namespace: string }} Board */

/** Longer than an answer of the besieged server, so that nothing waits for ever. */
const patienceMs = 30_000
/** How long it is listened to a stream once that begins, in milliseconds. */
const listenMs = 50
/** How often the newest version is looked up, in milliseconds. */
const lookMs = 2_000
const drawn = (/** @type {readonly string[]} */ some) => some[Math.floor(Math.random() * some.length)] ?? ''
const unknownDigest = () => randomBytes(32).toString('hex')

/**
 * What to ask a board for: each returns a path and headers, drawn anew.
 * @param {Board} board
 */
export function formsOf({ port, namespace }) {
  const at = `/v1/${namespace}`
  /** Those that a release named, the newest first. @type {string[]} */
  let digests = []
  let lookedMs = Number.NEGATIVE_INFINITY
  /** @type {Promise<void> | undefined} */
  let looking

  const readJson = async (/** @type {string} */ path) => {
    const { status, body } = await ask(port, { path, headers: {} })
    return status === 200 ? JSON.parse(body.toString()) : undefined
  }

  async function look() {
    const newest = await readJson(`${at}/release.json`)
    const { epoch, sequence } = newest.release
    /** @type {string[]} */
    const found = []
    for (let place = sequence; place >= 1; place -= 1) {
      const entry = place === sequence ? newest : await readJson(`${at}/releases/${epoch}/${place}.json`)
      for (const { digest } of entry?.release.stable.variants ?? [])
        if (!found.includes(digest)) found.push(digest)
    }
    digests = found
  }

  /** The versions, looked up again now and then: a rollback makes another one the newest. */
  async function known() {
    if (performance.now() - lookedMs > lookMs) {
      lookedMs = performance.now()
      looking = look()
    }
    await looking
    return digests
  }

  return {
    /** Half of the bases were never there; a third of all is asked for over a stream. */
    async pair() {
      const [newest = '', ...older] = await known()
      const base = Math.random() < 0.5 ? unknownDigest() : drawn(older)
      if (Math.random() < 1 / 3)
        return {
          path: `/v1/~events?ns=${namespace}&inline=1&delta=dcz&client=${unknownDigest()}&have=${encodeURIComponent(`${namespace}=${base}`)}`,
          headers: {},
        }
      const digest = Math.random() < 0.9 ? newest : unknownDigest()
      return { path: `${at}/snapshots/${digest}.from.${base}.dcz`, headers: {} }
    },
    /** Each version in each encoding, with headers that were never seen before. */
    async encoding() {
      const encoding = drawn(['br', 'zstd', 'gzip'])
      const headers = { 'accept-encoding': `${encoding};q=1, x-${unknownDigest()};q=0.1` }
      if (Math.random() < 1 / 3)
        return {
          path: `/v1/~events?ns=${namespace}&inline=1&client=${unknownDigest()}`,
          headers: { 'accept-encoding': 'gzip' },
        }
      return { path: `${at}/snapshots/${drawn(await known())}.json`, headers }
    },
  }
}

/**
 * Asks once, and reads the answer; of an event stream how that begins.
 * @param {number} port @param {{ path: string, headers: Record<string, string> }} question
 * @returns {Promise<{ status: number, encoding: string, body: Buffer }>}
 */
export function ask(port, { path, headers }) {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, headers, timeout: patienceMs }, answer => {
      /** @type {Buffer[]} */
      const chunks = []
      const { statusCode: status = 0 } = answer
      const encoding = answer.headers['content-encoding'] ?? 'plain'
      const isStream = answer.headers['content-type']?.startsWith('text/event-stream') === true
      const done = () => resolve({ status, encoding, body: Buffer.concat(chunks) })
      answer.on('data', chunk => {
        chunks.push(chunk)
        if (!isStream || chunks.length > 1) return
        setTimeout(() => {
          done()
          request.destroy()
        }, listenMs)
      })
      answer.on('end', done)
      answer.on('error', reject)
    })
    request.on('timeout', () => request.destroy(new Error('no answer')))
    request.on('error', reject)
  })
}
