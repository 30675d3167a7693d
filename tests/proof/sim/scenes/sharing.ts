import { onAbort } from '../../../../src/async/signals.js'
import { isNoticeboardError, NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Digest } from '../../../../src/contracts/names.js'
import type { Latest, Transport } from '../../../../src/contracts/transport.js'
import { decodeRelease, positionOf } from '../../../../src/core/release/release.js'
import { comparePositions, formatPosition, type Position } from '../../../../src/contracts/position.js'
import { sameBytes } from '../../../../src/core/json/text.js'
import { cached } from '../../../../src/transports/cached.js'
import { fallback } from '../../../../src/transports/fallback.js'
import { http } from '../../../../src/transports/http/http.js'
import { memory } from '../../../../src/transports/memory.js'
import { fromSource } from '../../../../src/transports/source.js'
import { never, namespace, publish, releaseOf } from '../../../support/session.js'
import type { Scene, SceneStage } from './scene.js'

/**
 * Transports that stand between others, and those who share one: asked by several at once, by some
 * who give up, in times of loss.
 */
export const sharing: Scene = stage =>
  stage.dice.pick([shareSnapshots, shareSnapshots, fallBack, fallBack, readSource, obeyHttp])(stage)

/** How many snapshots there are, and how long a request or a read may take, in milliseconds. */
const KINDS = 4
const MOST_MS = 400

/** Several want the same snapshots of `cached()`; some give up, and some requests fail. */
async function shareSnapshots({ clock, dice, violate, met, note }: SceneStage): Promise<void> {
  const releases = Array.from({ length: KINDS }, (_, index) => releaseOf(index + 1))
  const open = new Map<Digest, number>()
  /** How requests ended, by snapshot: the errors that they failed with. */
  const failures = new Map<Digest, Set<unknown>>()
  let asked = 0
  const inner: Transport = {
    name: 'inner',
    latest: () => Promise.resolve({ type: 'none' }),
    async snapshot({ digest }, signal) {
      asked += 1
      const running = (open.get(digest) ?? 0) + 1
      open.set(digest, running)
      if (running > 1) violate('one-request-a-snapshot', `${running} requests for one snapshot are open`)
      // One that was given up is not waited for, and may take a while to end.
      let counts = true
      const leave = (): void => {
        if (counts) open.set(digest, (open.get(digest) ?? 1) - 1)
        counts = false
      }
      const forget = onAbort(signal, leave)
      try {
        await clock.sleep(dice.between(1, MOST_MS), signal)
        if (signal.aborted) await clock.sleep(dice.between(0, MOST_MS), never)
        signal.throwIfAborted()
        if (dice.chance(0.2)) {
          const error = new NoticeboardError('unavailable', 'lost')
          failures.set(digest, (failures.get(digest) ?? new Set()).add(error))
          throw error
        }
        const found = releases.find(each => each.digest === digest)
        if (found === undefined) throw new NoticeboardError('not-found', 'no such snapshot')
        return found.snapshot
      } finally {
        forget()
        leave()
      }
    },
  }
  const shared = cached(inner, { maxSnapshots: dice.between(1, KINDS) })
  /** Those that are wanted just now: any, or one by all. */
  let wanted = releases
  const want = async (): Promise<void> => {
    const { digest, snapshot } = dice.pick(wanted)
    const leaving = new AbortController()
    // Where all want one, most leave soon, so that it is asked for anew before the first request
    // has ended.
    const [share, withinMs] = wanted.length === 1 ? [0.6, MOST_MS / 8] : [0.4, MOST_MS]
    const given = dice.chance(share)
      ? clock.after(dice.between(0, withinMs), () => leaving.abort())
      : () => {}
    try {
      const bytes = await shared.snapshot({ namespace, digest, maxSnapshotBytes: 1_000 }, leaving.signal)
      if (!sameBytes(bytes, snapshot)) violate('digest-matches', 'a shared snapshot is another one')
    } catch (error) {
      if (leaving.signal.aborted) return
      // Whoever still waits shares nothing but the failure of the request itself.
      if (failures.get(digest)?.has(error) !== true)
        violate(
          'who-waits-is-served',
          `one who waited for a shared snapshot met ${isNoticeboardError(error) ? error.code : String(error)}, since somebody else left`,
        )
    } finally {
      given()
    }
  }
  for (let round = 0; round < 12; round += 1) {
    wanted = dice.chance(0.5) ? releases : [dice.pick(releases)]
    const wanting = Array.from({ length: dice.between(1, 6) }, async () => {
      await clock.sleep(dice.between(0, MOST_MS), never)
      await want()
    })
    await clock.advance(3 * MOST_MS)
    let ended = 0
    for (const each of wanting) void each.then(() => (ended += 1))
    await clock.advance(1)
    if (ended < wanting.length)
      violate('who-waits-is-served', `${wanting.length - ended} wait for a shared snapshot for good`)
    for (const [, running] of open)
      if (running > 0) violate('nothing-is-left', 'a request is open that nobody waits for')
  }
  note(`${asked} requests`)
  met('several shared a snapshot')
}

/**
 * Two media with the same log: the one that is preferred is asked first, and again some time after
 * it failed.
 */
async function fallBack({ clock, dice, violate, met, note }: SceneStage): Promise<void> {
  const avoidMs = dice.between(5_000, 60_000)
  const tryMs = 4_000
  const near = memory({ name: 'near', system: { clock } })
  const far = memory({ name: 'far', system: { clock } })
  const down = new Set<string>()
  let failedMs = Number.NEGATIVE_INFINITY
  let asked: string[] = []
  const fails = (name: string): NoticeboardError => {
    if (name === 'near') failedMs = clock.monotonic()
    return new NoticeboardError('unavailable', 'away')
  }
  /**
   * Each medium counts its tags for itself, so that a tag of one says something else of the other.
   */
  const over = (store: Transport, ahead: number): Transport => ({
    ...store,
    async latest({ tag: told }, signal) {
      asked.push(store.name)
      if (told?.includes(':') === true)
        violate('a-tag-stays-where-it-is-from', `a tag of the whole came to ${store.name}`)
      if (down.has(store.name)) {
        // Now and then it takes the question and says nothing.
        if (dice.chance(0.3)) await clock.sleep(60_000, signal)
        throw fails(store.name)
      }
      const latest = await store.latest({ namespace }, signal)
      if (store.name === 'near') failedMs = Number.NEGATIVE_INFINITY
      if (latest.type !== 'release') return latest
      const own = `v${decodeRelease(latest.bytes).release.sequence + ahead}`
      return own === told ? { type: 'unchanged' } : { ...latest, tag: own }
    },
  })
  const both = fallback([over(near, 0), over(far, 1)], { avoidMs, tryMs, system: { clock } })
  let sequence = 0
  let farSequence = 0
  let tag: string | undefined
  let tagOf = 0
  for (let round = 0; round < 14; round += 1) {
    switch (dice.pick(['publish', 'publish', 'near', 'far', 'up', 'wait'] as const)) {
      case 'publish':
        sequence += 1
        await publish(near, sequence)
        // What follows the other may lag behind it.
        while (farSequence < sequence && dice.chance(0.7)) {
          farSequence += 1
          await publish(far, farSequence)
        }
        break
      case 'near':
        down.add('near')
        break
      case 'far':
        down.add('far')
        break
      case 'up':
        down.clear()
        break
      case 'wait':
        await clock.advance(dice.between(1_000, 2 * avoidMs))
    }
    asked = []
    const beganMs = clock.monotonic()
    const avoided = beganMs - failedMs < avoidMs
    let answer: Latest | undefined
    let failed: unknown
    const asking = both.latest({ namespace, ...(tag !== undefined && { tag }) }, never).then(
      latest => void (answer = latest),
      (error: unknown) => void (failed = error),
    )
    await clock.advance(tryMs + 61_000)
    await asking
    if (!avoided && asked[0] !== 'near')
      violate(
        'the-preferred-comes-first',
        `${asked[0]} was asked first ${Math.round(beganMs - failedMs)} ms after the preferred failed, which is avoided for ${avoidMs}`,
      )
    if (avoided && asked[0] === 'near' && asked.length > 0)
      violate('the-preferred-comes-first', 'what failed a moment ago was asked first')
    if (failed !== undefined && down.size < 2)
      violate('who-waits-is-served', 'a medium is there, and the question failed')
    const from = asked.at(-1)
    if (answer?.type === 'release') {
      const { sequence: given } = decodeRelease(answer.bytes).release
      const stands = from === 'near' ? sequence : farSequence
      if (given !== stands)
        violate('only-what-is-there', `${from} stands at ${stands}, and ${given} was answered`)
      tag = answer.tag
      tagOf = given
    } else if (answer?.type === 'unchanged' && (from === 'near' ? sequence : farSequence) !== tagOf)
      violate('only-what-is-there', `unchanged was said about ${tagOf}, and ${from} stands elsewhere`)
    note(`${asked.join()} ${answer?.type ?? 'failed'}`)
  }
  met('one medium stood in for another')
}

/** A bare document that changes, read by several at once; some reads take longer than others. */
async function readSource({ clock, dice, violate, met, note }: SceneStage): Promise<void> {
  let content = 0
  let failing = false
  const source = {
    name: 'file',
    async read(signal: AbortSignal) {
      const n = content
      await clock.sleep(dice.between(0, MOST_MS), signal)
      if (failing) throw new Error('not now')
      return { n }
    },
  }
  const transport = fromSource(source, { system: { clock } })
  /** The content of each edition. */
  const editions: { readonly position: Position; readonly n: number }[] = []
  const hear = (bytes: Uint8Array): void => {
    const { release } = decodeRelease(bytes)
    const position = positionOf(release)
    const digest = release.stable.variants.at(-1)?.digest ?? ''
    const n = Array.from({ length: content + 1 }, (_, each) => each).find(
      each => releaseOf(1, `{"n":${each}}`).digest === digest,
    )
    if (n === undefined)
      return violate('only-what-was-published', `${formatPosition(position)} names what was never there`)
    for (const other of editions) {
      const order = comparePositions(position, other.position)
      if (order === 'same' ? n !== other.n : order === 'newer' ? n < other.n : n > other.n)
        violate(
          'documents-only-go-on',
          `${formatPosition(position)} has the content ${n}, and ${formatPosition(other.position)} has ${other.n}`,
        )
    }
    editions.push({ position, n })
  }
  const ask = async (): Promise<void> => {
    try {
      const latest = await transport.latest({ namespace }, never)
      if (latest.type === 'release') hear(latest.bytes)
    } catch (error) {
      if (!isNoticeboardError(error, 'unavailable')) violate('one-error-class', String(error))
    }
  }
  const ending = new AbortController()
  const watching = (async () => {
    while (!ending.signal.aborted)
      try {
        for await (const delivery of transport.watch(
          { namespaces: [namespace], inline: true },
          ending.signal,
        ))
          if (delivery.type === 'release') hear(delivery.bytes)
      } catch (error) {
        if (!isNoticeboardError(error, 'unavailable')) violate('one-error-class', String(error))
        await clock.sleep(1_000, ending.signal)
      }
  })()
  for (let round = 0; round < 15; round += 1) {
    if (dice.chance(0.6)) content += 1
    failing = dice.chance(0.1)
    for (let left = dice.between(1, 3); left > 0; left -= 1) {
      void ask()
      await clock.advance(dice.between(0, 200))
      if (dice.chance(0.3)) content += 1
    }
    if (dice.chance(0.3)) await clock.advance(8_000)
  }
  failing = false
  await clock.advance(10_000)
  await Promise.all([ask(), clock.advance(1_000)])
  if (editions.at(-1)?.n !== content)
    violate('everybody-gets-there', `the document is ${content}, and ${editions.at(-1)?.n} was read`)
  note(`${editions.length} editions`)
  met('a bare document was read by several')
  ending.abort()
  await clock.advance(10)
  await watching
}

/** What a server says of time and state over HTTP is what callers hear. */
async function obeyHttp({ clock, dice, violate, met }: SceneStage): Promise<void> {
  let answer: () => Response = () => new Response(null, { status: 404 })
  const requests: { readonly url: string; readonly headers: Readonly<Record<string, string>> }[] = []
  const transport = http('http://board.test', {
    system: { clock },
    fetch: (url, { headers }) => {
      requests.push({ url, headers })
      return Promise.resolve(answer())
    },
  })
  const { bytes, digest, snapshot } = releaseOf(1)
  const ask = (what: 'latest' | 'snapshot' | 'report', tag?: string): Promise<unknown> =>
    what === 'latest'
      ? transport.latest({ namespace, ...(tag !== undefined && { tag }) }, never)
      : what === 'snapshot'
        ? transport.snapshot({ namespace, digest, maxSnapshotBytes: 1_000 }, never)
        : transport.report([], never)
  for (let round = 0; round < 10; round += 1) {
    const seconds = dice.between(1, 300)
    const status = dice.pick([429, 503, 500, 502, 408])
    const dated = dice.chance(0.3)
    const after = dated
      ? new Date(Math.ceil(clock.now() / 1_000) * 1_000 + seconds * 1_000).toUTCString()
      : String(seconds)
    answer = () => new Response('{}', { status, headers: { 'retry-after': after } })
    const what = dice.pick(['latest', 'snapshot'] as const)
    const error = await ask(what).then(
      () => undefined,
      (caught: unknown) => caught,
    )
    if (!isNoticeboardError(error, 'unavailable', 'rate-limited')) {
      violate('one-error-class', `${status} became ${String(error)}`)
      continue
    }
    if (Math.abs((error.retryAfterMs ?? 0) - seconds * 1_000) > 1_000)
      violate(
        'a-retry-after-is-kept',
        `a server asked for ${seconds} s of quiet, and ${error.retryAfterMs} ms were heard`,
      )
    if ((error.code === 'rate-limited') !== (status === 429))
      violate('one-error-class', `${status} became ${error.code}`)
    await clock.advance(dice.between(0, 1_500))
  }
  const tag = `"${dice.between(1, 1_000)}"`
  answer = () => new Response(new Uint8Array(bytes), { status: 200, headers: { etag: tag } })
  const latest = (await ask('latest')) as Latest
  if (latest.type !== 'release' || latest.tag !== tag || !sameBytes(latest.bytes, bytes))
    violate('only-what-is-there', 'an answer came otherwise than it was given')
  answer = () => new Response(null, { status: 304 })
  const again = (await ask('latest', tag)) as Latest
  if (again.type !== 'unchanged' || requests.at(-1)?.headers['if-none-match'] !== tag)
    violate('only-what-is-there', 'a tag was not sent along')
  answer = () => new Response(new Uint8Array(snapshot), { status: 200 })
  if (!sameBytes((await ask('snapshot')) as Uint8Array, snapshot))
    violate('digest-matches', 'a snapshot came otherwise than it was given')
  await clock.advance(1)
  met('a server named a time to come back')
}
