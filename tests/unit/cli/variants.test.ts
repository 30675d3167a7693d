import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { commandLine, temporaryFolder, type Ran, type RunOptions } from './command-line.js'

const NAMESPACE = 'checkout/prod'

interface Place {
  /** Publishes a pool for all, and one for clients in the region eu. */
  publish(pool: number, eu?: number): ReturnType<Publisher['publish']>
  nb(...args: string[]): Promise<Ran>
  nbWith(options: Partial<RunOptions>, ...args: string[]): Promise<Ran>
  write(name: string, content: string): Promise<void>
}

async function place(): Promise<Place> {
  const folder = await temporaryFolder()
  const board = join(folder, 'board')
  const store = fileStore(board)
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store })
  onTestFinished(async () => {
    await publisher.close()
    await store.close()
  })
  const nbWith: Place['nbWith'] = (options, ...args) =>
    commandLine([...args, '-n', NAMESPACE, '--board', board], { cwd: folder, ...options })
  return {
    publish: (pool, eu) =>
      publisher.publish(
        { pool },
        {
          rollout: everyone(),
          reason: 'a test',
          variants: eu === undefined ? [] : [{ when: { region: ['eu'] }, document: { pool: eu } }],
        },
      ),
    nb: (...args) => nbWith({}, ...args),
    nbWith,
    write: (name, content) => writeFile(join(folder, name), content),
  }
}

test('diff shows what changed for one region alone, and for whom', async () => {
  const { publish, nb } = await place()
  await publish(10)
  await publish(10, 20)
  await publish(10, 30)
  expect((await nb('diff')).stdout).toBe('for clients with region=eu:\n~ pool: 20 -> 30\n')
  expect((await nb('diff', '1')).stdout).toBe('for clients with region=eu:\n~ pool: 10 -> 30\n')
  expect(JSON.parse((await nb('diff', '2', '3', '--json')).stdout)).toEqual([
    { path: 'pool', change: 'changed', before: 20, after: 30, when: { region: ['eu'] } },
  ])
  await publish(11)
  expect((await nb('diff')).stdout).toBe('~ pool: 10 -> 11\nfor clients with region=eu:\n~ pool: 30 -> 11\n')
  expect((await nb('diff', 'current', 'current')).stderr).toContain('no difference')
})

test('diff --file and a dry run show that a file takes the documents of regions away', async () => {
  const { publish, nb, write } = await place()
  await publish(10, 20)
  await write('a.json', '{"pool":10}')
  const eu = 'for clients with region=eu:\n~ pool: 20 -> 10\n'
  expect((await nb('diff', '--file', 'a.json')).stdout).toBe(eu)
  const dry = await nb('publish', 'a.json', '--everyone', '--reason', 'a test', '--dry-run')
  expect(dry.stdout).toContain(eu)
})

test('history, status and rollback show the digest that each region gets', async () => {
  const { publish, nb } = await place()
  await publish(10)
  const { variants = [] } = await publish(10, 20)
  const eu = variants[0]?.digest.slice(0, 12) ?? ''
  const main = variants[1]?.digest.slice(0, 12) ?? ''
  expect(eu).not.toBe(main)
  const history = (await nb('history')).stdout.split('\n')
  expect(history[0]).toMatch(/DIGEST +VARIANTS/)
  expect(history[1]).toMatch(new RegExp(`${main} +region=eu: ${eu}`))
  expect(history[2]).toMatch(new RegExp(`${main} +- `))
  const entries = (await nb('history', '--json')).stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  expect(entries.map(entry => entry.variants)).toEqual([variants, undefined])
  expect((await nb('status')).stdout).toContain(`\n  clients with region=eu: ${eu}\n`)
  expect(JSON.parse((await nb('status', '--json')).stdout).newest.variants).toEqual(variants)
  await publish(11)
  const back = await nb('rollback', '--to', '2', '--reason', 'a test')
  expect(back.stdout).toContain(`\n  clients with region=eu: ${eu}\n`)
  const again = await nb('rollback', '--to', '2', '--reason', 'a test', '--json')
  expect(JSON.parse(again.stdout).variants).toEqual(variants)
})

test('get says that a region gets another document, and prints it, also of an earlier version', async () => {
  const { publish, nb } = await place()
  await publish(10, 20)
  const current = await nb('get')
  expect([current.stdout, current.stderr]).toEqual([
    '{"pool":10}',
    expect.stringContaining(
      'clients with region=eu get another document: noticeboard get --label region=eu\n',
    ),
  ])
  await publish(11)
  const eu = await nb('get', '--at', '1', '--label', 'region=eu')
  expect([eu.stdout, eu.stderr]).toEqual(['{"pool":20}', ''])
  expect((await nb('get', '--at', '1', '--label', 'region=us')).stdout).toBe('{"pool":10}')
  expect((await nb('get', '--at', '1')).stderr).toContain('--label region=eu')
})

test('watch prints what changes for one region alone', async () => {
  const { publish, nbWith } = await place()
  const { digest } = await publish(10, 20)
  const watch = async (...flags: readonly string[]): Promise<string> => {
    const stop = new AbortController()
    let next: Promise<unknown> | undefined
    const { stdout } = await nbWith(
      {
        signal: stop.signal,
        onData(text) {
          next ??= publish(10, 30)
          // The time of day may have a 30, too.
          if (/-> 30|"pool":30/.test(text)) stop.abort()
        },
      },
      'watch',
      ...flags,
    )
    await next
    return stdout
  }
  expect(await watch()).toContain('for clients with region=eu:\n~ pool: 20 -> 30\n')
  const [line = ''] = (await watch('--json')).split('\n')
  expect(JSON.parse(line)).toMatchObject({
    document: { pool: 10 },
    variants: [
      { when: { region: ['eu'] }, document: { pool: 30 } },
      { digest, document: { pool: 10 } },
    ],
  })
})

test('publish takes a document for each region, shows in a dry run what changes for whom, and says what is no variant', async () => {
  const { publish: publishPool, nb, write } = await place()
  await write('all.json', '{"pool":10}')
  await write('eu.yaml', 'pool: 20\n')
  await write('gold.json', '{"pool":30}')
  const publish = ['publish', 'all.json', '--everyone', '--reason', 'a test'] as const
  const variants = [
    '--variant',
    'region=eu tier=gold,silver:gold.json',
    '--variant',
    'region=eu:eu.yaml',
  ] as const
  await publishPool(10)
  const dry = await nb(...publish, ...variants, '--dry-run')
  expect(dry.stdout).toContain('~ pool: 10 -> 20')
  expect(dry.stdout).toContain('~ pool: 10 -> 30')
  expect((await nb(...publish, ...variants)).status).toBe(0)
  expect((await nb('get')).stdout).toBe('{"pool":10}')
  expect((await nb('get', '--label', 'region=eu')).stdout).toBe('{"pool":20}')
  expect((await nb('get', '--label', 'region=eu', '--label', 'tier=silver')).stdout).toBe('{"pool":30}')
  expect((await nb(...publish, ...variants)).stdout).toMatch(/^unchanged/)

  for (const wrong of ['eu.yaml', 'region:eu.yaml', 'region=eu', '=eu:eu.yaml']) {
    const { status, stderr } = await nb(...publish, '--variant', wrong)
    expect([status, stderr]).toEqual([2, expect.stringContaining('--variant must be labels and a file')])
  }
  expect((await nb(...publish, '--variant', 'region=eu:gone.yaml')).stderr).toContain('gone.yaml')
  expect((await nb(...publish, ...variants, '--watch')).status).toBe(2)
})
