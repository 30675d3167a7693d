import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../../scripts/entry-points.js'
import { mirrorCases, type OpenedMirror } from '../../../../src/testing/conformance/index.js'
import { bucket, type Bucket } from './bucket.js'
import { runCases } from '../../../support/run-cases.js'

/** What the page shows, and what it calls the modules that these files import. */
const FILES = ['lmdb-store.ts', 'listen-over.ts', 'bucket.ts', 'lmdb-store.test.ts', 'injured-store.ts']
const DOORS: Readonly<Record<string, string>> = {
  'index.js': 'noticeboard',
  'core.js': 'noticeboard/core',
  'testing/index.js': 'noticeboard/testing',
  'transports/faulty/index.js': 'noticeboard/transports/faulty',
}

test('the code in docs/writing-a-transport.md is the code that is compiled and certified here', () => {
  const text = readFileSync(`${root}/docs/writing-a-transport.md`, 'utf8')
  const shown = [...text.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code)
  const certified = FILES.map(file =>
    readFileSync(`${root}/tests/unit/testing/conformance/${file}`, 'utf8').replace(
      /'(?:\.\.\/){4}src\/([^']*)'/g,
      (_, path: string) => `'${DOORS[path]}'`,
    ),
  )
  expect(shown).toEqual(certified)
})

/** Waits for something, and rejects as soon as the signal aborts. */
async function unlessAborted(something: Promise<void>, signal: AbortSignal): Promise<void> {
  let abort = (): void => {}
  const aborted = new Promise<void>((_, reject) => (abort = () => reject(new Error('aborted'))))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    await Promise.race([something, aborted])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** A bucket in memory whose line can be lost. */
function bucketInMemory(): Bucket & {
  readonly objects: Map<string, { bytes: Uint8Array; etag: string }>
  lose(): void
  heal(): void
  freeze(): void
  thaw(): void
} {
  const objects = new Map<string, { bytes: Uint8Array; etag: string }>()
  const listeners = new Set<Parameters<Bucket['listen']>[0]>()
  let connected = true
  let thawed = Promise.resolve()
  let thaw = (): void => {}
  let version = 0
  const reach = async (signal: AbortSignal): Promise<void> => {
    await new Promise(resolve => setImmediate(resolve))
    await unlessAborted(thawed, signal)
    if (!connected) throw new Error('connect ECONNREFUSED')
  }
  return {
    objects,
    lose() {
      connected = false
      for (const { lost } of listeners) lost(new Error('the line is dead'))
    },
    heal() {
      connected = true
    },
    freeze() {
      thawed = new Promise(resolve => (thaw = resolve))
    },
    thaw: () => thaw(),
    async get(key, signal) {
      await reach(signal)
      const found = objects.get(key)
      return found && { ...found, bytes: found.bytes.slice() }
    },
    async put(key, bytes, signal, over) {
      await reach(signal)
      if (over !== undefined && (objects.get(key)?.etag ?? null) !== over) return 'changed'
      version += 1
      objects.set(key, { bytes: bytes.slice(), etag: `"${version}"` })
      for (const { changed } of listeners) changed(key)
      return 'written'
    },
    async listen(tell, signal) {
      await reach(signal)
      listeners.add(tell)
      signal.addEventListener('abort', () => void listeners.delete(tell), { once: true })
    },
  }
}

function open(): OpenedMirror {
  const client = bucketInMemory()
  const stranger: Bucket = {
    ...client,
    put: () => Promise.reject(Object.assign(new Error('forbidden'), { status: 403 })),
  }
  return {
    mirror: bucket(client),
    transport: bucket(client),
    stranger: async () => bucket(stranger),
    async damage({ namespace, digest }) {
      client.objects.set(`v1/${namespace}/snapshots/${digest}.json`, {
        bytes: new Uint8Array([123]),
        etag: 'damaged',
      })
    },
    async cut() {
      client.lose()
      return { heal: async () => client.heal() }
    },
    async freeze() {
      client.freeze()
      return { thaw: async () => client.thaw() }
    },
    close: async () => {},
  }
}

runCases(
  'bucket() of docs/writing-a-transport.md',
  mirrorCases(open, {
    without: {
      silence: 'it looks at nothing by itself; strategies ask once a heartbeat',
      next: 'a mirror keeps no log',
      inline: 'a bucket sends no snapshots along',
      marks: 'a bucket sends none; strategies ask once a heartbeat',
      report: 'a bucket carries no reports',
    },
  }),
)
