import { execFileSync } from 'node:child_process'
import { constants, createWriteStream } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { expect, onTestFinished, test } from 'vitest'
import { fileStore } from '../../../src/node/index.js'
import { serve } from '../../../src/server/index.js'
import { commandLine, temporaryFolder, type Ran, type RunOptions } from './command-line.js'

const YAML = 'pool:\n  size: 10 # of connections\n'
const why = ['--everyone', '--reason', 'x', '--board', 'board', '--create']

/** A folder, and a command line there. */
async function desk() {
  const cwd = await temporaryFolder()
  const run = (args: readonly string[], options: Partial<RunOptions> = {}): Promise<Ran> =>
    commandLine(args, { cwd, env: { NOTICEBOARD_NAMESPACE: 'checkout/prod' }, ...options })
  /** A named pipe that gives a text once. */
  const pipe = (text: string, name = 'pipe'): string => {
    const path = join(cwd, name)
    execFileSync('mkfifo', [path])
    const writer = createWriteStream(path)
    writer.end(text)
    // A pipe that was not read is opened once: a thread waits for its reader, and the files after
    // this one share the process.
    onTestFinished(async () => {
      const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
      await finished(writer).catch(() => {})
      await reader.close()
    })
    return name
  }
  return { cwd, run, pipe }
}

test('YAML and JSON are read from standard input by how they begin', async () => {
  const { run } = await desk()
  expect((await run(['publish', '-', ...why], { stdin: YAML })).stderr).not.toContain('error')
  expect((await run(['get', '--board', 'board'])).stdout).toBe('{"pool":{"size":10}}')
  expect(
    (await run(['publish', '/dev/stdin', ...why], { stdin: '\n{ "pool": { "size": 11 } }' })).status,
  ).toBe(0)
  expect((await run(['get', '--board', 'board'])).stdout).toBe('{"pool":{"size":11}}')
})

test('--format says what it is where its beginning does not', async () => {
  const { run } = await desk()
  const flow = '{ pool: { size: 10 } }'
  const guessed = await run(['publish', '-', ...why], { stdin: flow })
  expect([guessed.status, guessed.stderr]).toEqual([3, expect.stringContaining('stdin:1:3')])
  expect((await run(['publish', '-', ...why, '--format', 'yaml'], { stdin: flow })).status).toBe(0)
  expect((await run(['publish', '-', ...why, '--format', 'toml'], { stdin: flow })).stderr).toContain(
    '--format must be json or yaml',
  )
})

test('a file of another name wants --format', async () => {
  const { cwd, run } = await desk()
  await writeFile(join(cwd, 'app.conf'), YAML)
  const { status, stderr } = await run(['publish', 'app.conf', ...why])
  expect([status, stderr]).toEqual([2, expect.stringContaining('pass --format json or --format yaml')])
  expect((await run(['publish', 'app.conf', ...why, '--format', 'yaml'])).status).toBe(0)
})

test('a pipe in the place of a file is read, once', async () => {
  const { run, pipe } = await desk()
  const { status, stderr } = await run(['publish', pipe(YAML), ...why])
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('error')])
})

test('a pipe is not watched', async () => {
  const { run, pipe } = await desk()
  const { status, stderr } = await run(['publish', pipe(YAML), ...why, '--watch'])
  expect([status, stderr]).toEqual([2, expect.stringContaining('drop --watch')])
})

test('a pipe that nobody writes to, and standard input, are refused with --watch before anything waits for them', async () => {
  const { cwd, run } = await desk()
  execFileSync('mkfifo', [join(cwd, 'silent')])
  for (const name of ['silent', '-', '/dev/stdin']) {
    const { status, stderr } = await run(['publish', name, ...why, '--watch'])
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(`${name} can be read only once; drop --watch`),
    ])
  }
})

test('a token, a schema and a patch may come from pipes', async () => {
  const { cwd, run, pipe } = await desk()
  const store = fileStore(join(cwd, 'served'))
  await using server = await serve(store, {
    write: { token: 'a-token-that-is-long-enough' },
    controller: false,
  })
  const at = ['--url', server.url]
  const token = (name: string): string[] => ['--token-file', pipe('a-token-that-is-long-enough\n', name)]
  const schema = pipe('{"type":"object","properties":{"pool":{"type":"object"}}}', 'schema')
  await writeFile(join(cwd, 'app.yaml'), YAML)
  const published = await run(
    ['publish', 'app.yaml', '--everyone', '--reason', 'x', '--schema', schema, ...at, ...token('one')],
    {},
  )
  expect([published.status, published.stderr]).toEqual([0, expect.not.stringContaining('error')])
  expect((await run(['status', ...at, ...token('two')])).stdout).toContain('version 1')
  const killed = await run([
    'kill',
    '--patch-file',
    pipe('{"pool":null}', 'patch'),
    '--reason',
    'x',
    ...at,
    ...token('three'),
  ])
  expect([killed.status, killed.stderr]).toEqual([0, expect.not.stringContaining('error')])
  await store.close()
})

test('a configuration file that is no JSON is told with line and column', async () => {
  const { cwd, run } = await desk()
  await writeFile(join(cwd, 'noticeboard.config.json'), '{\n  "board": "board",\n}\n')
  const { status, stderr } = await run(['status'])
  expect(status).toBe(2)
  expect(stderr).toContain(`${join(cwd, 'noticeboard.config.json')}:3:1: a comma stands before the closing`)
})

test('a token, a schema and a patch may come from standard input', async () => {
  const { cwd, run } = await desk()
  const store = fileStore(join(cwd, 'served'))
  await using server = await serve(store, {
    write: { token: 'a-token-that-is-long-enough' },
    controller: false,
  })
  const at = ['--url', server.url, '--reason', 'x']
  await writeFile(join(cwd, 'app.yaml'), YAML)
  const stdin = 'a-token-that-is-long-enough\n'
  const published = await run(['publish', 'app.yaml', '--everyone', ...at, '--token-file', '-'], { stdin })
  expect([published.status, published.stderr]).toEqual([0, expect.not.stringContaining('error')])
  const checked = await run(['validate', 'app.yaml', '--schema', '-'], { stdin: '{"type":"array"}' })
  expect([checked.status, checked.stderr]).toEqual([3, expect.stringContaining('expected array')])
  await writeFile(join(cwd, 'token'), stdin)
  const killed = await run(['kill', '--patch-file', '-', ...at, '--token-file', 'token'], {
    stdin: '{"pool":null}',
  })
  expect([killed.status, killed.stderr]).toEqual([0, expect.not.stringContaining('error')])
  await store.close()
})

test('standard input is one thing only: a token is not published', async () => {
  const { run } = await desk()
  const { status, stderr } = await run(['publish', '-', ...why, '--token-file', '/dev/stdin'], {
    stdin: 'a-token-that-is-long-enough\n',
  })
  expect(status).toBe(2)
  expect(stderr).toContain('standard input is already the token file and cannot be the document as well')
})

test('serve keeps its token in a file, and says so of -', async () => {
  const { run } = await desk()
  const { status, stderr } = await run(['serve', '--board', 'board', '--create', '--token-file', '-'])
  expect([status, stderr]).toEqual([2, expect.stringContaining('--token-file must name the file')])
})

test('a pipe that nobody writes to is not waited for past an interruption', async () => {
  const { cwd, run } = await desk()
  execFileSync('mkfifo', [join(cwd, 'silent')])
  const interrupted = new AbortController()
  const { status, stderr } = await run(['publish', 'silent', ...why], {
    signal: interrupted.signal,
    onAside: text => text.includes('still reading') && interrupted.abort(),
  })
  expect([status, stderr]).toEqual([
    130,
    expect.stringContaining(`reading the document from ${join(cwd, 'silent')}`),
  ])
})
