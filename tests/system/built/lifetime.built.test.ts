import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { root } from '../../../scripts/entry-points.js'
import { createPublisher, everyone, memory } from '../../../src/index.js'
import { serve } from '../../../src/server/index.js'
import { holdPort } from '../../support/held-port.js'

let program = ''

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-lifetime-'))
  program = join(folder, 'program.mjs')
  await build({
    entryPoints: [fileURLToPath(new URL('lifetime.worker.ts', import.meta.url))],
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    alias: { noticeboard: `${root}/dist/index.js` },
    logLevel: 'error',
  })
  return () => rm(folder, { recursive: true, force: true })
})

/** A store with one release, and a server over it that can go away and come back at its address. */
async function openBoard() {
  const store = memory()
  const publisher = createPublisher({ namespace: 'a', schema: z.object({ n: z.number() }), store })
  const publish = (n: number) => publisher.publish({ n }, { rollout: everyone(), reason: 'a test' })
  await publish(1)
  const { port, release } = await holdPort()
  let server = await serve(store, { port })
  const { url } = server
  onTestFinished(async () => {
    await server.close()
    await release()
  })
  return {
    url,
    publish,
    goAway: () => server.close(),
    async comeBack() {
      server = await serve(store, { port })
    },
  }
}

function start(url: string, strategy: string, use = '') {
  const child = spawn(process.execPath, [program, url, strategy, use], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void (child.exitCode === null && child.kill('SIGKILL')))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  return {
    /** Reads on until the program prints this; false when it ended before it did. */
    async prints(line: string): Promise<boolean> {
      for (;;) {
        const next = await lines.next()
        if (next.done === true || next.value === line) return next.done !== true
      }
    },
    terminate: () => child.kill('SIGTERM'),
    ended: async () => {
      const [code, signal] = await ended
      return { code, signal }
    },
  }
}

test.each(['pull', 'onDemand'])(
  'a program that has nothing to do but to follow its configuration by %s ends by itself',
  async strategy => {
    const { url } = await openBoard()
    const { prints, ended } = start(url, strategy)
    expect(await prints('runs 1')).toBe(true)
    expect(await ended()).toEqual({ code: 0, signal: null })
  },
)

test.each(['push', 'hybrid'])(
  'one that follows it by %s lives until close(), also while the server is away, and ends then',
  async strategy => {
    const { url, publish, goAway, comeBack } = await openBoard()
    const { prints, terminate, ended } = start(url, strategy)
    expect(await prints('runs 1')).toBe(true)
    await publish(2)
    expect(await prints('runs 2')).toBe(true)
    await goAway()
    expect(await prints('unavailable')).toBe(true)
    await comeBack()
    await publish(3)
    expect(await prints('runs 3')).toBe(true)
    terminate()
    expect(await ended()).toEqual({ code: 0, signal: null })
  },
)

test.each(['push', 'hybrid', 'pull', 'onDemand'])(
  '`await using` closes a client of %s, so its program ends',
  async strategy => {
    const { url } = await openBoard()
    const { prints, ended } = start(url, strategy, 'using')
    expect(await prints('runs 1')).toBe(true)
    expect(await ended()).toEqual({ code: 0, signal: null })
  },
)
