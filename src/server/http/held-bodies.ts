import { NoticeboardError } from '../../contracts/errors.js'
import type { Random } from '../../contracts/system.js'
import { MAX_HELD_BODIES_BYTES } from '../../core/limits.js'
import type { Answer, Incoming } from '../stream/messages.js'
import { tooMany } from './answers.js'
import { announcedLength } from './body.js'

/** The bodies that a server holds something of, and what that is together. */
export interface HeldBodies {
  /** What all of them hold, in bytes. */
  readonly bytes: number
  /** What they may hold, in bytes. */
  readonly maxBytes: number
  /**
   * A body that begins; undefined where one of that length would be among the first to be given up.
   */
  open(announcedBytes: number, givenUp: () => void): HeldBody | undefined
}

/** One body, from its beginning until it is done with. */
export interface HeldBody {
  /**
   * More of it came. Gives up the largest that are still coming, which may be this one, until there
   * is room.
   */
  grow(bytes: number): void
  /** All of it is here: from now on it is not given up. */
  complete(): void
  /** It is done with, however it ended. Twice is harmless. */
  close(): void
}

/**
 * A sum over bodies. Whoever sends what a client sends is through within moments and holds little;
 * so it is the largest of those that are still coming that yield, and of those of about one size
 * the one that has been of that size for longest.
 */
export function createHeldBodies(maxBytes: number = MAX_HELD_BODIES_BYTES): HeldBodies {
  /**
   * Those that are still coming, by the number of digits of their size in base two; each in the
   * order in which they got there.
   */
  const coming: Set<Held>[] = Array.from({ length: 54 }, () => new Set())
  let sum = 0

  const close = (body: Held): void => {
    if (body.state === 'closed') return
    coming[sizeClass(body.bytes)]?.delete(body)
    body.state = 'closed'
    sum -= body.bytes
  }

  const largest = (): Held | undefined => {
    for (let size = coming.length - 1; size >= 0; size -= 1)
      for (const body of coming[size] ?? []) return body
    return undefined
  }

  const makeRoom = (): void => {
    while (sum > maxBytes) {
      const body = largest()
      if (body === undefined) return
      close(body)
      body.givenUp()
    }
  }

  return {
    maxBytes,
    get bytes() {
      return sum
    },
    open(announcedBytes, givenUp) {
      const first = largest()
      const wouldYield = first === undefined || sizeClass(announcedBytes) >= sizeClass(first.bytes)
      if (sum + announcedBytes > maxBytes && wouldYield) return undefined
      const body: Held = { bytes: 0, state: 'coming', givenUp }
      coming[0]?.add(body)
      return {
        grow(bytes) {
          if (body.state !== 'coming') return
          const before = sizeClass(body.bytes)
          body.bytes += bytes
          sum += bytes
          if (sizeClass(body.bytes) !== before) {
            coming[before]?.delete(body)
            coming[sizeClass(body.bytes)]?.add(body)
          }
          makeRoom()
        },
        complete() {
          if (body.state !== 'coming') return
          coming[sizeClass(body.bytes)]?.delete(body)
          body.state = 'complete'
        },
        close: () => close(body),
      }
    },
  }
}

/** Between when a refused sender comes back, in seconds: spread, so that not all come at once. */
const RETRY_SECONDS = { least: 1, most: 5 }

/** Answers a request that brings a body, which is counted; where it is one too many, with 429. */
export async function withinBudget(
  request: Incoming,
  {
    held,
    random,
    work,
  }: {
    readonly held: HeldBodies
    readonly random: Random
    readonly work: (counted: Incoming) => Answer | Promise<Answer>
  },
): Promise<Answer> {
  let isGivenUp = false
  let interrupt = (): void => {}
  const announced = announcedLength(request) ?? 0
  // No route takes more than all of them may hold; which one this is says so, and at once.
  const body = held.open(announced > held.maxBytes ? 0 : announced, () => {
    isGivenUp = true
    interrupt()
  })
  if (body === undefined) return tooManyBodies(random)

  /** The next piece; rejects as soon as the body is given up, whatever its sender does. */
  const next = (pieces: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array>> =>
    new Promise((resolve, reject) => {
      interrupt = () =>
        reject(
          new NoticeboardError(
            'rate-limited',
            'the server holds as many request bodies as it may, and gave this one up; send it again later',
          ),
        )
      pieces.next().then(resolve, reject)
    })

  async function* counted(given: HeldBody): AsyncGenerator<Uint8Array, void, undefined> {
    const pieces = request.body()[Symbol.asyncIterator]()
    try {
      for (;;) {
        const piece = await next(pieces)
        if (piece.done === true) return given.complete()
        given.grow(piece.value.length)
        if (isGivenUp)
          throw new NoticeboardError(
            'rate-limited',
            'the server holds as many request bodies as it may, and gave this one up; send it again later',
          )
        yield piece.value
      }
    } finally {
      // Not waited for: it ends only when its sender says something.
      pieces.return?.().catch(() => {})
    }
  }

  try {
    return await work({ ...request, body: () => counted(body) })
  } catch (error) {
    if (isGivenUp) return tooManyBodies(random)
    throw error
  } finally {
    body.close()
  }
}

function tooManyBodies(random: Random): Answer {
  const { least, most } = RETRY_SECONDS
  const seconds = least + Math.floor(random.number() * (most - least + 1))
  return tooMany('the server holds no more request bodies at once; send it again', seconds * 1_000)
}

interface Held {
  bytes: number
  state: 'coming' | 'complete' | 'closed'
  readonly givenUp: () => void
}

function sizeClass(bytes: number): number {
  return bytes === 0 ? 0 : Math.floor(Math.log2(bytes)) + 1
}
