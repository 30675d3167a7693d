import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../../scripts/entry-points.js'
import { createClient, everyone, memory, pull } from '../../../../src/index.js'
import { publishEnvironments, schema } from './publish-environments.js'

const page = readFileSync(join(root, 'docs/environments.md'), 'utf8')
const block = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'm').exec(page)?.[1] ?? ''
const DOORS: Readonly<Record<string, string>> = {
  'index.js': 'noticeboard',
  'core.js': 'noticeboard/core',
  'node/index.js': 'noticeboard/node',
}

/** A folder with the files of the page, and one for each that it only names. */
function filesOfThePage(): string {
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-environments-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const shown = block('yaml')
    .split('---\n')
    .map(text => [/^# (.+)\n/.exec(text)?.[1] ?? '', text] as const)
  for (const [name, text] of [
    ['staging.yaml', '{}'],
    ['prod.us.yaml', 'pool: { size: 300 }'],
    ...shown,
  ] as const)
    writeFileSync(join(folder, name), text)
  return folder
}

test('the code of docs/environments.md is the code that runs here', () => {
  const own = readFileSync(join(root, 'tests/unit/publisher/environments/publish-environments.ts'), 'utf8')
  expect(block('ts')).toBe(
    own.replace(/'(?:\.\.\/){4}src\/([^']*)'/g, (_, path: string) => `'${DOORS[path]}'`),
  )
})

test('each client runs what its environment and its region make of the base', async () => {
  const store = memory()
  await publishEnvironments(filesOfThePage(), { store, rollout: everyone(), reason: 'a test' })
  const runs = async (namespace: string, labels: Record<string, string>) => {
    const client = createClient({ namespace, schema, strategy: pull(store), labels, clientId: 'one' })
    await using config = await client.ready()
    return config.current
  }
  const hosts = ['db-1', 'db-2']
  expect(await runs('checkout/staging', {})).toEqual({ pool: { size: 10, hosts }, newCheckout: true })
  expect(await runs('checkout/prod', {})).toEqual({ pool: { size: 200, hosts }, newCheckout: false })
  expect(await runs('checkout/prod', { region: 'eu' })).toEqual({
    pool: { size: 200, hosts: ['db-eu-1', 'db-eu-2'] },
    newCheckout: false,
  })
  expect(await runs('checkout/prod', { region: 'us' })).toEqual({
    pool: { size: 300, hosts },
    newCheckout: false,
  })
})

test('a typo in the overlay of one region is refused, and nothing of its environment is published', async () => {
  const store = memory()
  const folder = filesOfThePage()
  writeFileSync(join(folder, 'prod.eu.yaml'), 'pool: { sizes: 300 }')
  await expect(
    publishEnvironments(folder, { store, rollout: everyone(), reason: 'a test' }),
  ).rejects.toMatchObject({ code: 'invalid-document' })
  const never = new AbortController().signal
  expect(await store.latest({ namespace: 'checkout/prod' }, never)).toEqual({ type: 'none' })
  expect(await store.latest({ namespace: 'checkout/staging' }, never)).toMatchObject({ type: 'release' })
})
