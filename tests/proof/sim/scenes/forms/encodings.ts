import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { createHandler } from '../../../../../src/server/handler.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { memory } from '../../../../../src/transports/memory.js'
import { never, releaseOf } from '../../../../support/session.js'
import type { SceneStage } from '../scene.js'

const NAMESPACES = ['shop/one', 'shop/two']

/** What each encoding is read by. */
const DECODERS: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  br: bytes => brotliDecompressSync(bytes),
  gzip: bytes => gunzipSync(bytes),
  none: bytes => bytes,
}

/**
 * A server whose snapshots are asked for in all forms at the same time. Encoders run on threads, so
 * nothing of the virtual time passes meanwhile, and nothing of the order in which they finish is
 * told.
 */
export async function encodings({ clock, dice, seed, violate, met, note }: SceneStage): Promise<void> {
  const own = startProcess('server.1', { clock, seed })
  const store = memory({ system: { clock } })
  const handler = createHandler(store, { system: own.system, cacheBytes: dice.pick([4_000, 1_000_000]) })
  const texts = new Map<string, string>()
  /** The snapshots of each namespace, the newest last. */
  const published = new Map<string, string[]>(NAMESPACES.map(name => [name, []]))
  let count = 0

  const publish = async (name: string): Promise<void> => {
    count += 1
    const again = dice.chance(0.2) ? [...texts.values()].at(-1) : undefined
    const text = again ?? `{"n":${count},"text":"${String(count).repeat(dice.between(800, 2_000))}"}`
    const { bytes, digest, snapshot, at } = releaseOf((sequences.get(name) ?? 0) + 1, text, name)
    sequences.set(name, at.sequence)
    await store.put({ namespace: name, digest, bytes: snapshot }, never)
    await store.append({ namespace: name, at, bytes }, never)
    texts.set(digest, text)
    published.get(name)?.push(digest)
    note(`publishes ${name} ${at.sequence}`)
  }
  const sequences = new Map<string, number>()

  const get = async (name: string, digest: string, accept: string): Promise<void> => {
    const url = `http://board.test/v1/${name}/snapshots/${digest}.json`
    const headers = { 'Accept-Encoding': accept }
    const response = await handler.fetch(new Request(url, { headers }))
    const encoding = response.headers.get('content-encoding') ?? 'none'
    const decode = DECODERS[encoding]
    const wants = encoding === 'none' || accept.includes(encoding)
    if (response.status !== 200 || decode === undefined || !wants)
      return violate('encodings-are-asked-for', `${accept} is answered with ${response.status} ${encoding}`)
    const text = new TextDecoder().decode(decode(new Uint8Array(await response.arrayBuffer())))
    if (text !== texts.get(digest))
      violate('digest-matches', `in ${encoding} a snapshot of ${name} is another one`)
    if (encoding !== 'none') met('an encoded snapshot was read')
    const etag = response.headers.get('etag') ?? ''
    const other = published.get(name)?.findLast(one => one !== digest)
    if (other === undefined) return
    const cached = await handler.fetch(
      new Request(url.replace(digest, other), { headers: { ...headers, 'If-None-Match': etag } }),
    )
    await cached.arrayBuffer()
    if (cached.status === 304) violate('unchanged-means-unchanged', `the tag of another snapshot is taken`)
  }

  for (const name of NAMESPACES) await publish(name)
  for (let round = dice.between(3, 6); round > 0; round -= 1) {
    await publish(dice.pick(NAMESPACES))
    // The server reads what is newest once it is asked for that.
    for (const name of NAMESPACES)
      await handler.fetch(new Request(`http://board.test/v1/${name}/release.json`)).then(one => one.text())
    const asked = NAMESPACES.flatMap(name => {
      const own = published.get(name) ?? []
      return ['br', 'gzip', 'br, gzip', 'identity'].map(
        accept => [name, dice.chance(0.7) ? (own.at(-1) ?? '') : dice.pick(own), accept] as const,
      )
    })
    await Promise.all(asked.map(one => get(...one)))
    await clock.advance(dice.between(0, 5_000))
  }
  const closing = handler.close()
  await clock.advance(10_000)
  await closing
  if (own.pending > 0) violate('nothing-is-left', `${own.pending} timers of a server are left`)
  own.kill()
}
