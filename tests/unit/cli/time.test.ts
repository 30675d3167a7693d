import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Clock, Fetch } from '../../../src/contracts/system.js'
import { bounded } from '../../../src/cli/bounded.js'
import { createPrinter } from '../../../src/cli/printer.js'
import { run } from '../../../src/cli/run.js'
import { encodeText } from '../../../src/core/json/text.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { makeRelease } from '../../support/server-fixtures.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

const env = { NOTICEBOARD_URL: 'http://board.test', NOTICEBOARD_TOKEN: 'a-token' }

/**
 * Runs a command against a server that says the same to every question, and tells after how many
 * seconds it ended.
 */
async function against(
  answers: (clock: Clock) => Fetch,
  { args, cwd }: { readonly args: readonly string[]; readonly cwd?: string },
): Promise<Ran & { readonly seconds: number }> {
  const clock = virtualClock()
  const answer = answers(clock)
  let isAsked = false
  const fetch: Fetch = (url, init) => {
    isAsked = true
    return answer(url, init)
  }
  const folder = cwd ?? (await temporaryFolder())
  let ended: Ran | undefined
  void commandLine(args, { cwd: folder, env, fetch, system: { clock } }).then(ran => (ended = ran))
  for (let step = 0; ended === undefined && step < 50_000; step += 1) {
    // Until then it reads files, in real time.
    if (isAsked) await clock.advance(20)
    await new Promise(resolve => setImmediate(resolve))
  }
  if (ended === undefined) throw new Error('the command did not end')
  return { ...ended, seconds: clock.monotonic() / 1_000 }
}

const silent = (): Fetch => (_url, init) =>
  new Promise((_resolve, reject) => {
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error))
  })

test('a command that takes longer than a second says what it is doing, and ends', async () => {
  const ran = await against(silent, { args: ['rollback', 'checkout/prod', '--reason', 'away'] })
  expect(ran.stderr).toContain('still reading the newest release of checkout/prod, after 1 s\n')
  expect(ran.stderr).toContain('after 11 s\n')
  expect(ran.status).toBe(5)
  expect(ran.seconds).toBeLessThan(60)
})

test('a rollback that is given a history without an end is given up after five minutes', async () => {
  const { bytes } = makeRelease({ pool: 1 }, { sequence: 5 })
  const line = encodeText(`${JSON.stringify({ release: new TextDecoder().decode(bytes) })}\n`)
  const endless =
    (clock: Clock): Fetch =>
    async (url, init) => {
      if (url.endsWith('/release.json')) return new Response(bytes)
      if (!url.includes('~history')) return new Response('', { status: 404 })
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          await clock.sleep(2_000, init?.signal ?? new AbortController().signal)
          if (init?.signal?.aborted === true) controller.error(init.signal.reason)
          else controller.enqueue(line)
        },
      })
      return new Response(body, { headers: { 'Content-Type': 'application/x-ndjson' } })
    }
  const ran = await against(endless, { args: ['rollback', 'checkout/prod', '--reason', 'away'] })
  expect([ran.status, ran.stderr]).toEqual([
    5,
    expect.stringContaining('error (timeout): the command did not end within 300 s'),
  ])
  expect(ran.stderr).toContain('still reading the history of checkout/prod, after 291 s')
  expect(ran.seconds).toBeLessThan(310)
})

test('a command whose validator never answers is left behind a few seconds after that', async () => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'service.json'), '{"pool":1}')
  await writeFile(
    join(cwd, 'noticeboard.config.mjs'),
    'export default { validators: [{ name: "waits", validate: () => new Promise(() => {}) }] }',
  )
  const absent = (): Fetch => async () => new Response('', { status: 404 })
  const how = ['--everyone', '--reason', 'away']
  const ran = await against(absent, { cwd, args: ['publish', 'service.json', '-n', 'checkout/prod', ...how] })
  expect([ran.status, ran.stderr]).toEqual([
    5,
    expect.stringContaining('error (timeout): the command did not end within 300 s'),
  ])
  expect(ran.seconds).toBeLessThan(320)
})

test('a command that is given up while it waits for what the user hands in does not ask whether the server runs', async () => {
  const clock = virtualClock()
  const cwd = await temporaryFolder()
  const io = { env: {}, cwd, system: { clock }, signal: new AbortController().signal }
  let said = ''
  const stderr = { write: (text: string | Uint8Array) => (said += String(text)) }
  let isRead = false
  const stdin = {
    // oxlint-disable-next-line require-yield -- nothing is typed
    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      isRead = true
      await new Promise(() => {})
    },
  }
  let status: number | undefined
  const args = [
    'publish',
    '-',
    '-n',
    'checkout/prod',
    '--board',
    cwd,
    '--create',
    '--everyone',
    '--reason',
    'x',
  ]
  void run(args, { ...io, stdin, stdout: stderr, stderr }).then(ended => (status = ended))
  for (let step = 0; status === undefined && step < 50_000; step += 1) {
    if (isRead) await clock.advance(20)
    await new Promise(resolve => setImmediate(resolve))
  }
  expect(status).toBe(5)
  expect(said).toContain('error (timeout): the command did not end within 300 s')
  expect(said).not.toContain('server')
})

test('a command that returns as if it were done when its time is up has not ended well', async () => {
  const clock = virtualClock()
  const output = { write: () => true }
  const io = {
    stdout: output,
    stderr: output,
    stdin: (async function* () {})(),
    env,
    cwd: '.',
    signal: new AbortController().signal,
    system: { clock },
  }
  const ended = bounded({}, { io, print: createPrinter(io), awaited: {} }, ({ signal }) =>
    clock.sleep(400_000, signal).catch(() => 0),
  )
  const refused = expect(ended).rejects.toMatchObject({ code: 'timeout' })
  await clock.advance(301_000)
  await refused
})

test('one that is quick says nothing of it', async () => {
  const absent = (): Fetch => async () => new Response('', { status: 404 })
  const ran = await against(absent, { args: ['get', 'checkout/prod'] })
  expect(ran.stderr).not.toContain('still')
})

test('the status of a whole board says how far it is', async () => {
  const namespaces = Array.from({ length: 40 }, (_, number) => `shop/${number}`)
  const slow =
    (clock: Clock): Fetch =>
    async (url, init) => {
      if (url.endsWith('/~namespaces')) return Response.json({ namespaces })
      if (url.includes('/~history'))
        return new Response('', { headers: { 'Content-Type': 'application/x-ndjson' } })
      const at = new Date(clock.now()).toISOString()
      if (url.endsWith('/~reports')) return Response.json({ asOf: at, since: at, reports: [] })
      await clock.sleep(400, init?.signal ?? new AbortController().signal)
      return new Response('', { status: 404 })
    }
  const ran = await against(slow, { args: ['status'] })
  expect([ran.status, ran.stderr]).toEqual([
    0,
    expect.stringMatching(/^still looking at the namespaces, \d+ of 40 so far, after 1 s\n$/),
  ])
})

test('publishing whatever a file says goes on for as long as it is wanted, and says nothing between', async () => {
  const cwd = await temporaryFolder()
  await writeFile(join(cwd, 'a.json'), '{"a":1}')
  const clock = virtualClock()
  const interrupted = new AbortController()
  let said = ''
  let ended: Ran | undefined
  const args = ['publish', 'a.json', '--watch', '--board', 'b', '--create', '-n', 'a', '--reason', 'x']
  void commandLine([...args, '--everyone'], {
    cwd,
    system: { clock },
    signal: interrupted.signal,
    onData: text => (said += text),
    onAside: text => (said += text),
  }).then(ran => (ended = ran))
  const pass = async (ms: number): Promise<void> => {
    await clock.advance(ms)
    await new Promise(resolve => setImmediate(resolve))
  }
  while (!said.includes('goes to everyone') && ended === undefined) await pass(20)
  said = ''
  for (let second = 0; second < 400; second += 1) await pass(1_000)
  expect([ended, said]).toEqual([undefined, ''])
  interrupted.abort()
  while (ended === undefined) await pass(20)
  expect(ended.status).toBe(130)
})
