import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { blocksOf } from '../project/page-pieces.js'
import { workspace } from './workspace.js'

const readme = readFileSync(join(root, 'README.md'), 'utf8')

const blocks = (language: string): readonly string[] => blocksOf('README.md', language)

test('the first program of the README is the quickstart among the examples, and does what it says', async () => {
  await using user = await workspace()
  const [program = ''] = blocks('js')
  expect(program).toBe(readFileSync(join(root, 'examples/quickstart.mjs'), 'utf8'))
  expect(
    program.split('\n').filter(line => line !== '' && !line.startsWith('//')).length,
  ).toBeLessThanOrEqual(15)
  await user.write('program.mjs', program)
  const { stdout, stderr } = await user.run([process.execPath, 'program.mjs'], {
    until: said => said.includes('200'),
  })
  expect(stderr).toBe('')
  expect(stdout).toBe('the pool has 10 connections\nthe pool has 200 connections\n')
})

test('the transport that the page of transports writes carries a board', async () => {
  await using user = await workspace()
  const source = blocksOf('docs/transports.md', 'ts').find(piece => piece.includes('function bucket')) ?? ''
  const { code } = await transform(source, { loader: 'ts', target: 'es2022' })
  await user.write('bucket.mjs', code)
  await user.write(
    'main.mjs',
    `
import { readFile, stat } from 'node:fs/promises'
import { createClient, createPublisher, everyone, pull } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import * as z from 'zod'
import { bucket } from './bucket.mjs'

const [namespace, schema, store] = ['checkout/prod', z.object({ size: z.number() }), fileStore('board')]
const publisher = createPublisher({ namespace, schema, store })
await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'first' })
const client = {
  async get(key) {
    const path = 'board/public/' + key
    try {
      return { bytes: new Uint8Array(await readFile(path)), etag: String((await stat(path)).mtimeMs) }
    } catch { return undefined }
  },
}
const config = await createClient({ namespace, schema, strategy: pull(bucket(client)) }).ready()
console.log(config.current.size)
await publisher.publish({ size: 2 }, { rollout: everyone(), reason: 'second' })
await config.refresh()
console.log(config.current.size)
await Promise.all([config.close(), publisher.close(), store.close()])
`,
  )
  expect(await user.run([process.execPath, 'main.mjs'])).toEqual({ code: 0, stdout: '1\n2\n', stderr: '' })
})

test('the strategy that the page of strategies writes brings what is published, and reports', async () => {
  await using user = await workspace()
  const source =
    blocksOf('docs/strategies.md', 'ts').find(piece => piece.includes('function dayAndNight')) ?? ''
  const { code } = await transform(source, { loader: 'ts', target: 'es2022' })
  await user.write('day-and-night.mjs', code)
  await user.write(
    'main.mjs',
    `
import { createClient, createPublisher, everyone, memory } from 'noticeboard'
import * as z from 'zod'
import { dayAndNight } from './day-and-night.mjs'

const [namespace, schema, store] = ['checkout/prod', z.object({ size: z.number() }), memory()]
const publisher = createPublisher({ namespace, schema, store })
await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'first' })
const reports = { batchMs: 20 }
const [quick, slow] = [{ dayMs: 20, nightMs: 20 }, {}].map((periods, index) =>
  createClient({ namespace, schema, clientId: 'web-' + index, strategy: dayAndNight(store, periods), reports }))
await Promise.all([quick.ready(), slow.ready()])
const changed = new Promise(resolve => quick.on('change', resolve))
await publisher.publish({ size: 2 }, { rollout: everyone(), reason: 'second' })
await Promise.all([changed, slow.refresh()])
console.log(quick.current.size, slow.current.size, slow.bound)
for (;;) {
  const fleet = await publisher.fleet()
  if (fleet.type === 'known' && fleet.members.length === 2) break
  await new Promise(resolve => setTimeout(resolve, 20))
}
await Promise.all([quick.close(), slow.close(), publisher.close()])
`,
  )
  expect(await user.run([process.execPath, 'main.mjs'])).toEqual({
    code: 0,
    stdout: '2 2 day-and-night: a change arrives within 660 s and a request\n',
    stderr: '',
  })
})

test(
  'the command lines of the page of publishing work one after the other',
  { timeout: 120_000 },
  async () => {
    await using user = await workspace()
    const session =
      blocksOf('docs/publishing.md', 'sh').find(piece => piece.includes('noticeboard publish')) ?? ''
    await user.write('first.yaml', 'pool:\n  size: 10\n')
    await user.write('service.yaml', 'pool:\n  size: 20\n')
    await user.write(
      'service.schema.json',
      JSON.stringify({ type: 'object', properties: { pool: { type: 'object' } }, required: ['pool'] }),
    )
    await user.write(
      'session.sh',
      `
set -euo pipefail
noticeboard serve --create --board board --port 0 >served.txt &
server=$!
trap 'kill $server; wait $server || true' EXIT
until grep -q 'the token' served.txt; do sleep 0.05; done
address="$(grep -o 'http://[0-9.:]*' served.txt)"
noticeboard publish first.yaml --everyone --reason first --url "$address" -n checkout/prod --token-file board/private/token
set -x
${session.replace('http://127.0.0.1:4600', '$address')}`,
    )
    const { code, stdout, stderr } = await user.run(['bash', 'session.sh'])
    expect(stderr).toContain('+ noticeboard validate')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('published checkout/prod version 2')
    expect(stdout).toContain('{"pool":{"size":20}}')
    expect(stdout).toContain('~ pool.size: 10 -> 20')
    expect(stdout).toContain('service.yaml is valid')
  },
)

test('every file that the README and the documentation link to is there', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...readdirSync(join(root, 'docs'))
      .filter(name => name.endsWith('.md'))
      .map(name => `docs/${name}`),
  ]
  const broken = pages.flatMap(page =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+)(#[^)\s]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter(target => !/^[a-z]+:/.test(target) && !existsSync(join(root, dirname(page), target)))
      .map(target => `${page}: ${target}`),
  )
  expect(broken).toEqual([])
})

test('the README opens with the pain in three lines, and says how to try and to test the project', () => {
  const [, pain = ''] = readme.split('\n\n')
  expect(pain.split('\n')).toHaveLength(3)
  expect(readme.indexOf('```js')).toBeLessThan(readme.indexOf('## '))
  expect(readme.split('\n').length).toBeLessThanOrEqual(355)
  expect(readme).toContain('npm install && npm run demo')
  expect(readme).toContain('npm install && npm test')
  expect(readme.split('[![').length - 1).toBeLessThanOrEqual(3)
})
