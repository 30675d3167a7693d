import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Delivery, WatchQuery } from '../../../../src/contracts/transport.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { createMultiplexer } from '../../../../src/transports/http/multiplexer.js'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const release = (namespace: string, text: string): Delivery => ({
  type: 'release',
  namespace,
  bytes: encode(text),
})
const alive: Delivery = { type: 'alive', heartbeatMs: 15_000 }

/** Lets everything that is ready have its turn. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 10; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

interface Line {
  readonly query: WatchQuery
  readonly closed: boolean
  say(delivery: Delivery): void
  lose(error: Error): void
}

/** Connections that say what the test tells them to. */
function connections(): {
  readonly lines: Line[]
  open(query: WatchQuery, signal: AbortSignal): AsyncIterable<Delivery>
  readonly openCount: number
} {
  const lines: Line[] = []
  return {
    lines,
    get openCount() {
      return lines.filter(({ closed }) => !closed).length
    },
    async *open(query, signal) {
      const queue: (Delivery | Error)[] = []
      let wake = (): void => {}
      let closed = false
      const push = (item: Delivery | Error): void => {
        queue.push(item)
        wake()
      }
      signal.addEventListener('abort', () => wake(), { once: true })
      lines.push({
        query,
        say: push,
        lose: push,
        get closed() {
          return closed
        },
      })
      try {
        while (true) {
          if (signal.aborted) throw new NoticeboardError('closed', 'given up')
          const item = queue.shift()
          if (item instanceof Error) throw item
          if (item !== undefined) yield item
          else await new Promise<void>(resolve => (wake = resolve))
        }
      } finally {
        closed = true
      }
    },
  }
}

interface Reader {
  readonly got: string[]
  /** Of the releases among them, in milliseconds. */
  readonly ages: (number | undefined)[]
  readonly stop: () => void
  readonly done: Promise<string>
}

/** Watches, and writes down what comes; `done` says how it ended. */
function reader(watch: AsyncIterable<Delivery>, stop: AbortController): Reader {
  const got: string[] = []
  const ages: (number | undefined)[] = []
  const run = async (): Promise<string> => {
    try {
      for await (const delivery of watch) {
        got.push(
          delivery.type === 'alive'
            ? 'alive'
            : `${delivery.type} ${delivery.namespace} ${new TextDecoder().decode(delivery.bytes)}`,
        )
        if (delivery.type === 'release') ages.push(delivery.ageMs)
      }
      return 'ended'
    } catch (error) {
      return error instanceof NoticeboardError ? error.code : String(error)
    }
  }
  return { got, ages, stop: () => stop.abort(), done: run() }
}

function setUp() {
  const clock = virtualClock()
  const server = connections()
  const streams = createMultiplexer((query, signal) => server.open(query, signal), clock)
  const read = (namespaces: readonly string[], more: Partial<WatchQuery> = {}): Reader => {
    const stop = new AbortController()
    return reader(streams.watch({ namespaces, inline: false, ...more }, stop.signal), stop)
  }
  return { ...server, clock, lines: server.lines, read, openCount: () => server.openCount }
}

const identity = (clientId: string, labels: Record<string, string> = {}) => ({
  clientId,
  instanceId: `${clientId}-1`,
  ephemeral: false,
  labels,
})

describe('watches over one transport', () => {
  test('readers of one turn share one connection for all their namespaces', async () => {
    const { read, lines } = setUp()
    const [a, b, c] = [read(['a']), read(['b', 'c']), read(['a'])]
    await settle()
    expect(lines.map(({ query }) => query.namespaces)).toEqual([['a', 'b', 'c']])

    lines[0]!.say(alive)
    await settle()
    for (const name of ['a', 'b', 'c', 'z']) lines[0]!.say(release(name, '1'))
    await settle()
    expect([a!.got, b!.got, c!.got]).toEqual([
      ['alive', 'release a 1'],
      ['alive', 'release b 1', 'release c 1'],
      ['alive', 'release a 1'],
    ])
  })

  test('without snapshots it does not matter who asks; with them each identity has its own connection', async () => {
    const { read, lines } = setUp()
    read(['a'], { identity: identity('x') })
    read(['a'], { identity: identity('y') })
    read(['a'], { inline: true, identity: identity('x', { region: 'eu', tier: 'b' }) })
    read(['b'], { inline: true, identity: identity('x', { tier: 'b', region: 'eu' }) })
    read(['a'], { inline: true, identity: identity('x', { region: 'us', tier: 'b' }) })
    await settle()
    expect(lines.map(({ query }) => [query.inline, query.namespaces])).toEqual([
      [false, ['a']],
      [true, ['a', 'b']],
      [true, ['a']],
    ])
  })

  test('a reader who joins gets what the others have, over the same connection', async () => {
    const { read, lines } = setUp()
    read(['a'])
    await settle()
    for (const delivery of [alive, release('a', '1'), release('a', '2')]) lines[0]!.say(delivery)
    await settle()
    const late = read(['a'])
    await settle()
    expect(late.got).toEqual(['alive', 'release a 2'])
    expect(lines).toHaveLength(1)
  })

  test('what a reader gets who joins is as old as the last word of its namespace, since the connection may be dead', async () => {
    const { read, lines, clock } = setUp()
    const first = read(['a', 'b'])
    await settle()
    const mark: Delivery = { type: 'mark', namespace: 'a', bytes: encode('m') }
    for (const delivery of [alive, release('a', '1'), release('b', '1')]) lines[0]!.say(delivery)
    await settle()
    await clock.advance(10_000)
    lines[0]!.say(mark)
    await settle()
    await clock.advance(5_000)
    lines[0]!.say(alive)
    await settle()
    await clock.advance(2_000)
    const late = read(['a', 'b'])
    await settle()
    expect(late.got).toEqual(['alive', 'release a 1', 'release b 1'])
    expect(late.ages).toEqual([7_000, 17_000])
    expect(first.ages).toEqual([undefined, undefined])
    lines[0]!.say(release('a', '2'))
    await settle()
    expect(late.ages.at(-1)).toBeUndefined()
  })

  test('a new namespace reopens the connection: the old one speaks until the new one does', async () => {
    const { read, lines, openCount } = setUp()
    const a = read(['a'])
    await settle()
    for (const delivery of [alive, release('a', '1')]) lines[0]!.say(delivery)
    await settle()
    const b = read(['b'])
    await settle()
    expect(lines[1]?.query.namespaces).toEqual(['a', 'b'])
    expect(openCount()).toBe(2)
    lines[0]!.say(release('a', '2'))
    await settle()
    expect(a.got.at(-1)).toBe('release a 2')

    for (const delivery of [alive, release('a', '2'), release('b', '1')]) lines[1]!.say(delivery)
    await settle()
    expect(lines[0]?.closed).toBe(true)
    expect(openCount()).toBe(1)
    // Once, although both connections brought it.
    expect(a.got.filter(text => text === 'release a 2')).toHaveLength(1)
    expect(b.got).toEqual(['alive', 'release b 1'])
  })

  test('what an overtaken connection still says is not heard', async () => {
    const { read, lines } = setUp()
    const a = read(['a'])
    await settle()
    lines[0]!.say(alive)
    read(['b'])
    await settle()
    lines[1]!.say(alive)
    lines[0]!.say(release('a', 'old'))
    await settle()
    expect(a.got).not.toContain('release a old')
  })

  test('a slow reader holds the newest release of each namespace, not a queue', async () => {
    const clock = virtualClock()
    const { lines, open } = connections()
    const stop = new AbortController()
    const watch = createMultiplexer((query, signal) => open(query, signal), clock).watch(
      { namespaces: ['a'], inline: false },
      stop.signal,
    )
    const iterator = watch[Symbol.asyncIterator]()
    const first = iterator.next()
    await settle()
    lines[0]!.say(alive)
    await first
    for (let count = 0; count < 1_000; count += 1) lines[0]!.say(release('a', String(count)))
    await settle()
    expect((await iterator.next()).value).toEqual(release('a', '999'))
    stop.abort()
    expect((await iterator.next()).done).toBe(true)
  })

  test('a snapshot that came along with an overtaken release is not lost', async () => {
    const { open, lines } = connections()
    const stop = new AbortController()
    const streams = createMultiplexer((query, signal) => open(query, signal), virtualClock())
    const iterator = streams
      .watch({ namespaces: ['a'], inline: true, identity: identity('x') }, stop.signal)
      [Symbol.asyncIterator]()
    const first = iterator.next()
    await settle()
    lines[0]!.say(alive)
    await first
    const snapshots = [{ digest: 'd'.repeat(64), bytes: encode('{}') }]
    lines[0]!.say({ type: 'release', namespace: 'a', bytes: encode('1'), snapshots })
    lines[0]!.say(release('a', '2'))
    await settle()
    expect((await iterator.next()).value).toEqual({
      type: 'release',
      namespace: 'a',
      bytes: encode('2'),
      snapshots,
    })
    stop.abort()
    await iterator.next()
  })

  test('the last reader closes the connection, and one that comes later opens another', async () => {
    const { read, lines, openCount, clock } = setUp()
    const [a, b] = [read(['a']), read(['a'])]
    await settle()
    lines[0]!.say(alive)
    a!.stop()
    expect(await a!.done).toBe('ended')
    await settle()
    expect(openCount()).toBe(1)
    b!.stop()
    expect(await b!.done).toBe('ended')
    await settle()
    expect(openCount()).toBe(0)
    read(['a'])
    await settle()
    expect(openCount()).toBe(1)
    expect(clock.pending).toBe(0)
  })

  test('a reader who leaves before the connection was opened leaves nothing', async () => {
    const { read, lines, openCount } = setUp()
    const a = read(['a'])
    a.stop()
    expect(await a.done).toBe('ended')
    await settle()
    expect([lines.length, openCount()]).toEqual([0, 0])
  })

  test('a loss reaches every reader, after what came before it; the first who comes back brings the others along', async () => {
    const { read, lines, openCount } = setUp()
    const [a, b] = [read(['a']), read(['b'])]
    await settle()
    for (const delivery of [alive, release('a', '1')]) lines[0]!.say(delivery)
    lines[0]!.lose(new NoticeboardError('unavailable', 'gone', { retryAfterMs: 5 }))
    expect(await Promise.all([a!.done, b!.done])).toEqual(['unavailable', 'unavailable'])
    expect(a!.got).toEqual(['alive', 'release a 1'])
    expect(openCount()).toBe(0)

    read(['b'])
    await settle()
    expect([...lines[1]!.query.namespaces].sort()).toEqual(['a', 'b'])
    const back = read(['a'])
    await settle()
    for (const delivery of [alive, release('a', '2')]) lines[1]!.say(delivery)
    await settle()
    expect(back.got).toEqual(['alive', 'release a 2'])
    expect(lines).toHaveLength(2)
  })

  test('those who are gone for longer are not asked for any more', async () => {
    const { read, lines, clock } = setUp()
    read(['a'])
    const b = read(['b'])
    await settle()
    lines[0]!.lose(new NoticeboardError('unavailable', 'gone'))
    await b.done
    await clock.advance(120_000)
    read(['b'])
    await settle()
    expect(lines[1]?.query.namespaces).toEqual(['b'])
  })

  test('a connection that cannot be opened anew fails who needs it, and nobody else', async () => {
    const { read, lines } = setUp()
    const a = read(['a'])
    await settle()
    lines[0]!.say(alive)
    const b = read(['b'])
    await settle()
    lines[1]!.lose(new NoticeboardError('unauthorized', 'no'))
    expect(await b.done).toBe('unauthorized')
    lines[0]!.say(release('a', '1'))
    await settle()
    expect(a.got).toEqual(['alive', 'release a 1'])
  })

  test('when the old connection is lost while the new one opens, everybody waits for the new one', async () => {
    const { read, lines } = setUp()
    const a = read(['a'])
    await settle()
    lines[0]!.say(alive)
    read(['b'])
    await settle()
    lines[0]!.lose(new NoticeboardError('unavailable', 'gone'))
    await settle()
    for (const delivery of [alive, release('a', '1')]) lines[1]!.say(delivery)
    await settle()
    expect(a.got).toEqual(['alive', 'alive', 'release a 1'])
  })

  test('the only reader who gives up and comes back in the same moment gets a new connection', async () => {
    const { read, lines, openCount } = setUp()
    const before = read(['a'])
    await settle()
    lines[0]!.say(alive)
    await settle()
    before.stop()
    const after = read(['a'])
    await settle()
    expect(lines).toHaveLength(2)
    expect(openCount()).toBe(1)
    lines[1]!.say(release('a', '1'))
    await settle()
    expect(after.got).toEqual(['release a 1'])
    expect(before.got).toEqual(['alive'])
  })

  test('a clean end is a loss too', async () => {
    const clock = virtualClock()
    const streams = createMultiplexer(async function* () {
      yield alive
    }, clock)
    const stop = new AbortController()
    expect(await reader(streams.watch({ namespaces: ['a'], inline: false }, stop.signal), stop).done).toBe(
      'unavailable',
    )
  })

  test('more namespaces than one connection carries go over several', async () => {
    const { read, lines } = setUp()
    for (let count = 0; count < 100; count += 1) read([`n${count}`])
    await settle()
    expect(lines.map(({ query }) => query.namespaces.length)).toEqual([64, 36])
  })

  test('a digest counts as at hand when all readers of its namespace have it', async () => {
    const { read, lines } = setUp()
    const [one, two] = ['1'.repeat(64), '2'.repeat(64)]
    const asker = { inline: true, identity: identity('x') }
    read(['a', 'b', 'c'], { ...asker, have: { a: one, b: one, c: one } })
    read(['a', 'b', 'c'], { ...asker, have: { a: one, b: two } })
    await settle()
    expect(lines[0]?.query.have).toEqual({ a: one })
  })
})
