import { describe, expect, test } from 'vitest'
import type { Delivery, Latest, WatchQuery } from '../../../../src/contracts/transport.js'
import {
  canonicalize,
  checkAppend,
  decodeRelease,
  digestsOf,
  follows,
  MAX_SNAPSHOT_BYTES,
  NoticeboardError,
  positionOf,
  systemHasher,
  type AppendQuery,
  type Position,
  type Release,
} from '../../../../src/core.js'
import {
  mirrorCases,
  noticeCases,
  storeCases,
  type OpenedMirror,
  type OpenedStore,
} from '../../../../src/testing/conformance/index.js'
import { sampleLog } from '../../../../src/testing/conformance/fixture.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'

const never = new AbortController().signal

/**
 * The error of the case of that name, against a store or mirror that is not as it should be;
 * undefined where it passes.
 */
async function errorOf(name: string, open: () => OpenedStore, timeoutMs = 200): Promise<Error | undefined> {
  const mirrored = (): OpenedMirror => {
    const { store, stranger: _, ...opened } = open()
    return { ...opened, mirror: { name: 'mirror', put: store.put, announce: store.put }, transport: store }
  }
  const cases = [...storeCases(open, { timeoutMs }), ...mirrorCases(mirrored, { timeoutMs })]
  const found = cases.find(one => one.name.includes(name))
  if (found === undefined) throw new Error(`there is no case "${name}"`)
  return found.run().then(
    () => undefined,
    (error: Error) => error,
  )
}

/**
 * A store whose watches hold a line each, as clients of a database do, and whose `close()` waits
 * until each was given back, as pools of connections do.
 */
function pooled(
  watch: (store: MemoryStore, query: WatchQuery, signal: AbortSignal) => AsyncIterable<Delivery>,
  change: (store: MemoryStore) => Partial<MemoryStore> = () => ({}),
): () => OpenedStore {
  return () => {
    const store = memory()
    let lines = 0
    let idle = (): void => {}
    return {
      store: {
        ...store,
        ...change(store),
        async *watch(query, signal) {
          lines += 1
          try {
            yield* watch(store, query, signal)
          } finally {
            lines -= 1
            if (lines === 0) idle()
          }
        },
      },
      close: () => (lines === 0 ? Promise.resolve() : new Promise(resolve => (idle = resolve))),
    }
  }
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

/** What is current, and then what comes after the listening began. */
async function* readThenListen(
  store: MemoryStore,
  query: WatchQuery,
  signal: AbortSignal,
  { readerComesBack }: { readonly readerComesBack: boolean },
): AsyncGenerator<Delivery> {
  const current: Delivery[] = []
  for (const namespace of query.namespaces) {
    const latest = await store.latest({ namespace }, signal)
    current.push(
      latest.type === 'release' ? { type: 'release', namespace, bytes: latest.bytes } : { type: 'alive' },
    )
  }
  if (readerComesBack) yield* current.splice(0)
  else await turns(1)
  let left = query.namespaces.length
  const listening = store.watch(query, signal)
  yield* current
  // The store says what is current once more; a bare subscription would not.
  for await (const delivery of listening) {
    if (left <= 0) yield delivery
    left -= 1
  }
}

describe('the first thing that goes wrong is what a case says, also where it left watches open', () => {
  test('a watch that listens too late', async () => {
    const open = pooled(async function* (store, query, signal) {
      const latest = await store.latest({ namespace: query.namespaces[0] ?? '' }, signal)
      if (latest.type === 'release')
        yield { type: 'release', namespace: query.namespaces[0] ?? '', bytes: latest.bytes }
      await turns(20)
      let told = false
      for await (const delivery of store.watch(query, signal)) {
        if (told) yield delivery
        told = true
      }
    })
    const error = await errorOf('a release that is published while a watch begins is not lost', open)
    expect(error?.message).toMatch(/^waiting for conformance\/.*: the next delivery of the watch did not end/)
    expect(error?.message).not.toContain('close()')
    expect(error?.cause).toMatchObject({ message: expect.stringContaining('did not end within 200 ms') })
  })

  test('a stalled watch that holds up whoever publishes', async () => {
    const readers = new Set<() => boolean>()
    const open = pooled(
      async function* (store, query, signal) {
        let reading = true
        const isReading = (): boolean => reading
        readers.add(isReading)
        try {
          for await (const delivery of store.watch(query, signal)) {
            reading = false
            yield delivery
            reading = true
          }
        } finally {
          readers.delete(isReading)
        }
      },
      store => ({
        append: async (query, signal) => {
          while ([...readers].some(isReading => !isReading())) await turns(1)
          return store.append(query, signal)
        },
      }),
    )
    const error = await errorOf('a reader that stalls holds up nobody', open)
    expect(error?.message).toBe('publish beside a stalled reader did not end within 200 ms')
  })

  test('a log that is ordered as text, in which 9 comes after 10', async () => {
    const newest = new Map<string, Uint8Array>()
    const sequenceOf = (bytes: Uint8Array | undefined): string =>
      bytes === undefined ? '' : String(positionOf(decodeRelease(bytes).release).sequence)
    const open = pooled(
      (store, query, signal) => store.watch(query, signal),
      store => ({
        async append(query, signal) {
          const outcome = await store.append(query, signal)
          if (outcome === 'appended' && sequenceOf(query.bytes) > sequenceOf(newest.get(query.namespace)))
            newest.set(query.namespace, query.bytes)
          return outcome
        },
        async latest({ namespace }): Promise<Latest> {
          const bytes = newest.get(namespace)
          return bytes === undefined ? { type: 'none' } : { type: 'release', bytes }
        },
      }),
    )
    const raced = await errorOf('two publishers who read and append again and again', open)
    expect(raced?.message).toMatch(
      /\b10 comes right after what `latest` gives, and is 'taken': .* 10 comes after 9/,
    )
    const ordered = await errorOf('sequences and epochs are ordered as numbers', open)
    expect(ordered?.message).toMatch(/^latest: byte \d+ of \d+ differs$/)
  })

  test('what fails after it is told behind it, and the first error is its cause', async () => {
    const open = (): OpenedStore => ({
      store: { ...memory(), latest: () => Promise.reject(new Error('broken')) },
      close: () => Promise.reject(new Error('cannot be closed')),
    })
    const error = await errorOf('latest is `none` where nothing was published', open)
    expect(error?.message).toBe('broken; after that: cannot be closed')
    expect(error?.cause).toMatchObject({ message: 'broken' })
  })
})

describe('what a case began is over when it ends, and rejects nowhere else', () => {
  /** A store whose fifth append, and each after it, takes longer than a step may. */
  const slow = (): OpenedStore => {
    const store = memory()
    let appends = 0
    return {
      store: {
        ...store,
        async append(query, signal) {
          appends += 1
          if (appends > 4) await new Promise(resolve => setTimeout(resolve, 350))
          return store.append(query, signal)
        },
      },
      close: async () => {},
    }
  }

  test.each([
    'a release that is published right after the first read of a watch is not lost',
    'a release that is published while a watch begins is not lost',
  ])('in "%s"', async name => {
    const unhandled: unknown[] = []
    const keep = (error: unknown): void => void unhandled.push(error)
    process.on('unhandledRejection', keep)
    try {
      expect((await errorOf(name, slow))?.message).toBe('publish did not end within 200 ms')
      await new Promise(resolve => setTimeout(resolve, 500))
      expect(unhandled).toEqual([])
    } finally {
      process.off('unhandledRejection', keep)
    }
  })

  test('nothing is published to what is closed', async () => {
    let [closed, late] = [false, 0]
    const open = (): OpenedStore => {
      const store = memory()
      return {
        store: {
          ...store,
          async append(query, signal) {
            if (closed) late += 1
            await new Promise(resolve => setTimeout(resolve, 30))
            return store.append(query, signal)
          },
          // Brings nothing, so that its reader gives up while others publish.
          async *watch(_, signal): AsyncGenerator<Delivery> {
            await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
            yield* []
          },
        },
        close: async () => void (closed = true),
      }
    }
    const error = await errorOf('a watch may skip releases that follow quickly', open, 50)
    expect(error?.message).toMatch(/^waiting for conformance/)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(late).toBe(0)
  })
})

describe('without a connection', () => {
  /**
   * What keeps copies beside a store whose connection can be lost, and answers from them meanwhile.
   */
  const withCopies =
    (answers: Partial<Record<'latest' | 'snapshot', 'as it was' | 'other bytes' | 'not-found'>>) =>
    (): OpenedStore => {
      const store = memory()
      let isAway = false
      const call = async <T>(name: 'latest' | 'snapshot', ask: () => Promise<T>, other: T): Promise<T> => {
        const answer = answers[name]
        if (!isAway || answer === 'as it was') return ask()
        if (answer === 'other bytes') return other
        throw new NoticeboardError(answer ?? 'unavailable', 'away')
      }
      return {
        store: {
          ...store,
          latest: (query, signal) =>
            call('latest', () => store.latest(query, signal), { type: 'none' } as Latest),
          snapshot: (query, signal) =>
            call('snapshot', () => store.snapshot(query, signal), new Uint8Array(3)),
        },
        async cut() {
          isAway = true
          return { heal: async () => void (isAway = false) }
        },
        close: async () => {},
      }
    }
  const name = 'a lost connection is `unavailable`'

  test('a snapshot may come from a copy, since the bytes of a digest are never stale, or be refused', async () => {
    expect(await errorOf(name, withCopies({}))).toBeUndefined()
    expect(await errorOf(name, withCopies({ snapshot: 'as it was' }))).toBeUndefined()
  })

  test('a copy of other bytes, and one that says that there is none, are told', async () => {
    expect((await errorOf(name, withCopies({ snapshot: 'other bytes' })))?.message).toMatch(
      /^the snapshot that was kept here: byte 0 of/,
    )
    expect((await errorOf(name, withCopies({ snapshot: 'not-found' })))?.message).toMatch(
      /^snapshot without a connection: unavailable was expected, but it threw not-found/,
    )
  })

  test('the newest release does not come from a copy, which cannot know whether it is', async () => {
    expect((await errorOf(name, withCopies({ latest: 'as it was' })))?.message).toMatch(
      /^latest without a connection: unavailable was expected, but it resolved/,
    )
  })
})

test('reports that are never heard fail their case within its time', async () => {
  const open = (): OpenedStore => ({
    store: { ...memory(), reports: () => new Promise(() => {}) },
    close: async () => {},
  })
  expect((await errorOf('several hundred reports in one call', open))?.message).toBe(
    'heard() did not end within 200 ms',
  )
})

describe('what only shows in one moment is looked for there', () => {
  test('a watch that listens only when its reader comes back after the first read', async () => {
    const open = pooled((store, query, signal) =>
      readThenListen(store, query, signal, { readerComesBack: true }),
    )
    const error = await errorOf('right after the first read of a watch', open)
    expect(error?.message).toMatch(/^waiting for conformance\//)
  })

  test('a watch that listens one turn after the first read', async () => {
    const open = pooled((store, query, signal) =>
      readThenListen(store, query, signal, { readerComesBack: false }),
    )
    const error = await errorOf('right after the first read of a watch', open)
    expect(error?.message).toMatch(/^waiting for conformance\//)
  })

  test('a tag that is made of the sequence alone', async () => {
    const open = (): OpenedStore => {
      const store = memory()
      return {
        close: async () => {},
        store: {
          ...store,
          async latest({ namespace, tag }, signal) {
            const answer = await store.latest({ namespace }, signal)
            if (answer.type !== 'release') return answer
            const own = String(positionOf(decodeRelease(answer.bytes).release).sequence)
            return own === tag ? { type: 'unchanged' } : { ...answer, tag: own }
          },
        },
      }
    }
    const error = await errorOf('the first release of a new epoch is never hidden', open)
    expect(error?.message).toMatch(/hides 2-0badcafe.*1: make tags of the epoch too, or of the bytes/)
  })

  test('a watch that passes over what has a lower sequence, of whatever epoch', async () => {
    const open = pooled(async function* (store, query, signal) {
      let last = 0
      for await (const delivery of store.watch(query, signal)) {
        if (delivery.type !== 'release') yield delivery
        else if (positionOf(decodeRelease(delivery.bytes).release).sequence > last) {
          last = positionOf(decodeRelease(delivery.bytes).release).sequence
          yield delivery
        }
      }
    })
    const error = await errorOf('a watch brings the first release of a new epoch', open)
    expect(error?.message).toMatch(/^waiting for conformance\/.* 2-0badcafe/)
  })

  test('a watch whose line goes back in a `finally` alone, which a reader that stalls never reaches', async () => {
    const open = pooled(async function* (store, query, signal) {
      const line = setInterval(() => {}, 1_000)
      try {
        yield* store.watch(query, signal)
      } finally {
        clearInterval(line)
      }
    })
    const error = await errorOf('gives back what it holds, though nobody reads on', open)
    expect(error?.message).toMatch(/were aborted while nobody read them .* more sockets, files or timers/)
  })
})

describe('a store that checks by hand', () => {
  /**
   * A store whose `append` is written with what `noticeboard/core` exports, and which reads
   * releases as `read` does.
   */
  const byHand = (read: (query: AppendQuery) => Release) => (): OpenedStore => {
    const store = memory()
    const log = new Map<string, { at: Position; bytes: Uint8Array }>()
    return {
      close: async () => {},
      store: {
        ...store,
        async latest({ namespace }) {
          const newest = log.get(namespace)
          return newest === undefined ? { type: 'none' } : { type: 'release', bytes: newest.bytes }
        },
        async append(query, signal) {
          const { namespace, at, bytes } = query
          for (const digest of digestsOf(read(query)))
            await store
              .snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal)
              .catch(() => {
                throw new NoticeboardError('invalid-data', 'a snapshot is missing')
              })
          if (!follows(at, log.get(namespace)?.at)) return 'taken'
          log.set(namespace, { at, bytes })
          return 'appended'
        },
      },
    }
  }

  test('refuses what is not canonical with checkAppend()', async () => {
    const open = byHand(query => checkAppend(query, systemHasher))
    expect(await errorOf('a release that is none, or is of another place', open)).toBeUndefined()
    expect(await errorOf('a release whose snapshot is not here', open)).toBeUndefined()
  })

  test('is told when it takes JSON that is not canonical', async () => {
    const open = byHand(query => checkAppend({ ...query, bytes: rewritten(query.bytes) }, systemHasher))
    const error = await errorOf('a release that is none, or is of another place', open)
    expect(error?.message).toMatch(/^(white space after it|keys in another order): .*, but it resolved/)
  })
})

/** JSON as it came, written in canonical form: what a store does that parses without care. */
function rewritten(bytes: Uint8Array): Uint8Array {
  try {
    return new TextEncoder().encode(canonicalize(JSON.parse(new TextDecoder().decode(bytes))))
  } catch (cause) {
    throw new NoticeboardError('invalid-data', 'the release is not JSON', { cause })
  }
}

describe('a signal that is ignored once the call is connected is found by silence', () => {
  /**
   * A store behind a line that can go silent, and calls that listen to their signal while they
   * connect, and no longer.
   */
  const deaf = (deafCalls: readonly (keyof MemoryStore)[]) => (): OpenedStore => {
    const store = memory()
    let thawed = Promise.resolve()
    let thaw = (): void => {}
    const connected = async (call: keyof MemoryStore, signal: AbortSignal): Promise<void> => {
      await turns(1)
      if (signal.aborted) throw new Error('aborted')
      if (deafCalls.includes(call)) return thawed
      let abort = (): void => {}
      const aborted = new Promise<void>((_, reject) => (abort = () => reject(new Error('aborted'))))
      signal.addEventListener('abort', abort, { once: true })
      await Promise.race([thawed, aborted]).finally(() => signal.removeEventListener('abort', abort))
    }
    const slow =
      <Query, Answer>(call: keyof MemoryStore, run: (query: Query, signal: AbortSignal) => Promise<Answer>) =>
      async (query: Query, signal: AbortSignal): Promise<Answer> => {
        await connected(call, signal)
        return run(query, signal)
      }
    return {
      store: {
        ...store,
        latest: slow('latest', store.latest),
        snapshot: slow('snapshot', store.snapshot),
        next: slow('next', store.next),
        put: slow('put', store.put),
        append: slow('append', store.append),
        async *watch(query, signal) {
          try {
            await connected('watch', signal)
          } catch {
            return
          }
          for await (const delivery of store.watch(query, signal)) {
            yield delivery
            if (deafCalls.includes('watch')) await thawed
          }
        },
      },
      async freeze() {
        thawed = new Promise(resolve => (thaw = resolve))
        return { thaw: async () => thaw() }
      },
      close: async () => {},
    }
  }

  test.each<readonly [keyof MemoryStore, string, RegExp]>([
    ['latest', 'calls to a server that has gone silent', /^latest to a server that has gone silent, aborted/],
    ['snapshot', 'calls to a server that has gone silent', /^snapshot to a server that has gone silent/],
    ['next', 'calls to a server that has gone silent', /^next to a server that has gone silent/],
    ['put', 'writes to a server that has gone silent', /^put to a server that has gone silent/],
    ['append', 'writes to a server that has gone silent', /^append to a server that has gone silent/],
    ['put', 'put and announce to a server that has gone silent', /^put to a server that has gone silent/],
    ['watch', 'a watch whose server has gone silent', /^a watch (whose|that begins while its) server/],
  ])('%s, in "%s…"', async (call, name, says) => {
    expect((await errorOf(name, deaf([call])))?.message).toMatch(says)
    // The same store that listens to the signal all the time passes.
    expect(await errorOf(name, deaf([]))).toBeUndefined()
  })

  test('a freeze() that does nothing is told', async () => {
    const open = (): OpenedStore => ({
      store: memory(),
      freeze: async () => ({ thaw: async () => {} }),
      close: async () => {},
    })
    for (const name of ['calls to a server', 'writes to a server', 'put and announce to a server'])
      expect((await errorOf(`${name} that has gone silent`, open))?.message).toMatch(
        /^freeze\(\) kept .* from nothing$/,
      )
  })

  test('and none is left out without a reason', async () => {
    const error = await errorOf('calls to a server that has gone silent', () => ({
      store: memory(),
      close: async () => {},
    }))
    expect(error?.message).toBe(
      "open() offers no `freeze`; offer it, or say why not: without: { freeze: '…' }",
    )
  })
})

describe('what only notifies and is not as it should be', () => {
  type Watch = (store: MemoryStore, ...call: Parameters<MemoryStore['watch']>) => AsyncIterable<Delivery>

  /** Notices of what is published while somebody listens. */
  const told: Watch = async function* (store, query, signal) {
    yield { type: 'alive' }
    for await (const delivery of store.watch(query, signal)) if (delivery.type === 'release') yield delivery
  }

  const errorWith = async (name: string, watch: Watch): Promise<Error | undefined> => {
    const cases = noticeCases(
      () => {
        const store = memory()
        return {
          notify: { name: 'notices', watch: (query, signal) => watch(store, query, signal) },
          async publish({ namespace, at, bytes, snapshot }) {
            await store.put({ namespace, ...snapshot }, never)
            await store.append({ namespace, at, bytes }, never)
          },
          close: async () => {},
        }
      },
      { timeoutMs: 300, without: { cut: 'there is no connection to lose' } },
    )
    const tried = cases.filter(one => one.skip === undefined && one.name.includes(name))
    expect(tried).not.toHaveLength(0)
    const errors = await Promise.all(
      tried.map(({ run }) =>
        run().then(
          () => undefined,
          (error: Error) => error,
        ),
      ),
    )
    return errors.find(error => error !== undefined)
  }

  test('passes as long as it is', async () => {
    expect(await errorWith('', told)).toBeUndefined()
  })

  test.each<readonly [fault: string, name: string, watch: Watch, says: RegExp]>([
    [
      'one that says nothing until something is published',
      'says that it listens',
      async function* (store, query, signal) {
        for await (const delivery of told(store, query, signal)) if (delivery.type !== 'alive') yield delivery
      },
      /^the next delivery of the watch did not end/,
    ],
    [
      'one that loses everything',
      'however many of them are lost',
      async function* (store, query, signal) {
        for await (const delivery of told(store, query, signal)) if (delivery.type === 'alive') yield delivery
      },
      /^the next delivery of the watch did not end/,
    ],
    [
      'one that changes what it is told',
      'however many of them are lost',
      async function* (store, query, signal) {
        for await (const delivery of told(store, query, signal))
          yield delivery.type === 'release'
            ? { ...delivery, bytes: sampleLog(delivery.namespace).next().bytes }
            : delivery
      },
      /^the watch brought bytes that nobody published/,
    ],
    [
      'one that tells of everybody',
      'from each namespace that is asked for, and from no other',
      (store, query, signal) =>
        told(store, { ...query, namespaces: [...query.namespaces, `${query.namespaces[0]}/other`] }, signal),
      /which was not asked for/,
    ],
    [
      'one that throws when it is aborted',
      'ends when its signal aborts',
      async function* (store, query, signal) {
        yield* told(store, query, signal)
        throw new NoticeboardError('closed', 'aborted')
      },
      /must end, and it threw/,
    ],
  ])('%s is told', async (_, name, watch, says) => {
    expect((await errorWith(name, watch))?.message).toMatch(says)
  })
})
