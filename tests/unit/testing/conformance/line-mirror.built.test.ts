import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { boardServer } from '../../../../examples/line-mirror/board-server.mjs'
import { lineMirror } from '../../../../examples/line-mirror/line-mirror.mjs'
import { root } from '../../../../scripts/entry-points.js'
import {
  mirrorCases,
  type ConformanceOptions,
  type OpenedMirror,
} from '../../../../src/testing/conformance/index.js'
import { runCases } from '../../../support/run-cases.js'
import { tcpProxy } from '../../../support/tcp-proxy.js'

const token = 'a-token'
const without: ConformanceOptions['without'] = {
  next: 'a mirror keeps no log',
  inline: 'the protocol sends no snapshots along',
  marks: 'the protocol has none',
  report: 'the protocol carries no reports',
  silence: 'the transport looks at nothing by itself; strategies ask once a heartbeat',
}

const opening =
  (make: typeof lineMirror, how: 'reset' | 'end' = 'reset') =>
  async (): Promise<OpenedMirror> => {
    const server = await boardServer({ token })
    const proxy = await tcpProxy(() => server.port)
    return {
      mirror: make({ port: proxy.port, token }),
      transport: make({ port: proxy.port }),
      damage: async ({ namespace, digest }) => void server.snapshots.set(`${namespace} ${digest}`, '{'),
      stranger: async () => make({ port: proxy.port, token: 'wrong' }),
      async cut() {
        await proxy.cut(how)
        return { heal: proxy.heal }
      },
      async freeze() {
        proxy.freeze()
        return { thaw: async () => proxy.thaw() }
      },
      async close() {
        await proxy.close()
        await server.close()
      },
    }
  }

runCases('the line mirror of the examples', mirrorCases(opening(lineMirror), { without }))

runCases(
  'the line mirror, whose connections end in order when they are lost',
  mirrorCases(opening(lineMirror, 'end'), { without }).filter(({ name }) => /connection/.test(name)),
)

test('the kit runs with node:test as it does here', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-node-test-'))
  try {
    const built = (file: string): string => JSON.stringify(pathToFileURL(`${root}/dist/${file}`).href)
    await writeFile(
      join(folder, 'memory.test.mjs'),
      `import { test } from 'node:test'
import { memory } from ${built('index.js')}
import { storeCases } from ${built('testing/index.js')}
const open = () => ({ store: memory(), close: async () => {} })
const reasons = { cut: 'no', freeze: 'no', silence: 'no', another: 'no', reopen: 'no', damage: 'no', stranger: 'no', marks: 'no' }
for (const { name, skip, run } of storeCases(open, { without: reasons })) test(name, { skip: skip ?? false }, () => run())
`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--test',
      '--test-reporter=tap',
      join(folder, 'memory.test.mjs'),
    ])
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(Number(/^# pass (\d+)$/m.exec(stdout)?.[1])).toBeGreaterThan(50)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

describe('a broken copy', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'noticeboard-broken-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** A copy of the example in which one text is another. */
  async function broken(text: string, replacement: string): Promise<typeof lineMirror> {
    const source = await readFile(`${root}/examples/line-mirror/line-mirror.mjs`, 'utf8')
    expect(source.split(text), `the example holds ${text}`).toHaveLength(2)
    const own = source
      .replace(text, () => replacement)
      .replace("'noticeboard/core'", `'${pathToFileURL(`${root}/dist/core.js`).href}'`)
    const file = join(folder, `${Math.random().toString(36).slice(2)}.mjs`)
    await writeFile(file, own)
    return ((await import(/* @vite-ignore */ file)) as { lineMirror: typeof lineMirror }).lineMirror
  }

  test.each<{
    readonly fault: string
    readonly text: string
    readonly replacement: string
    readonly named: RegExp
    readonly says: RegExp
  }>([
    {
      fault: 'bytes that go through another encoding',
      text: 'yield rest.subarray(0, end).toString()',
      replacement: "yield rest.subarray(0, end).toString('latin1')",
      named: /^latest gives the exact bytes/,
      says: /byte \d+ of \d+ differs/,
    },
    {
      fault: 'a tag that is always the same',
      text: "return rest === tag ? { type: 'unchanged' } : { type: 'release', bytes: encode(rest), tag: rest }",
      replacement:
        "return tag === 'seen' ? { type: 'unchanged' } : { type: 'release', bytes: encode(rest), tag: 'seen' }",
      named: /^unchanged means unchanged/,
      says: /hides 1-9f3a01bc:2: a tag belongs to the bytes of one release/,
    },
    {
      fault: 'a driver’s own errors',
      text: 'if (isNoticeboardError(error)) throw error',
      replacement: 'throw error',
      named: /^a lost connection is `unavailable`/,
      says: /which is no NoticeboardError/,
    },
    {
      fault: 'a lost watch that ends as if it had been aborted',
      text: "throw new Error('the server ended the connection')",
      replacement: 'return',
      named: /^a watch whose connection is lost throws/,
      says: /unavailable was expected|did not end/,
    },
    {
      fault: 'a listener that stays on the signal',
      text: "signal.removeEventListener('abort', abort)",
      replacement: '',
      named: /^latest gives the exact bytes/,
      says: /listeners are left on the signal/,
    },
    {
      fault: 'an abort that is not heard while it connects',
      text: "await once(socket, 'connect', { signal })",
      replacement: "await once(socket, 'connect')",
      named: /^calls that are aborted/,
      says: /an aborted call did not end/,
    },
    {
      fault: 'a limit that nobody keeps',
      text: "'snapshot '.length + maxSnapshotBytes",
      replacement: 'MAX_LINE',
      named: /^a snapshot past `maxSnapshotBytes`/,
      says: /too-large was expected/,
    },
    {
      fault: 'an abort that nobody listens to',
      text: "signal.addEventListener('abort', abort)",
      replacement: '',
      named: /^a watch ends when its signal aborts/,
      says: /did not end within/,
    },
    {
      fault: 'a missing snapshot without a word of its own',
      text: "throw new NoticeboardError('not-found'",
      replacement: "throw new NoticeboardError('unavailable'",
      named: /^a snapshot that is not here/,
      says: /not-found was expected/,
    },
    {
      fault: 'a watch that forgets a namespace',
      text: "`watch ${namespaces.join(' ')}`",
      replacement: '`watch ${namespaces[0]}`',
      named: /^a watch starts with the current release of each namespace/,
      says: /did not end within/,
    },
  ])('with $fault is found out, by name', async ({ text, replacement, named, says }) => {
    const make = await broken(text, replacement)
    const failures = new Map<string, string>()
    for (const { name, skip, run } of mirrorCases(opening(make, 'end'), { without, timeoutMs: 1_000 })) {
      // The rest of the kit is tried above; here one case shall name the fault.
      if (skip === undefined && named.test(name))
        await run().catch((error: Error) => failures.set(name, error.message))
    }
    expect([...failures.values()].join('\n')).toMatch(says)
  })
})
