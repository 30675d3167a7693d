import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TokenRecord } from '../../../../src/contracts/access.js'
import { drawToken, encodeTokenRecord, tokenNameOf } from '../../../../src/core/access/token.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { nodeFs, tokenFolder } from '../../../../src/node/index.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher, systemRandom } from '../../../../src/system/system.js'
import { never, temporaryFolder } from '../../../support/board-kit.js'

const folder = async (): Promise<string> => join(await temporaryFolder(), 'tokens')

const draw = (name: string) =>
  drawToken(
    { name, scopes: ['inspect'], namespaces: ['**'], createdAt: '2026-01-01T00:00:00.000Z' },
    { random: systemRandom, hasher: systemHasher },
  )

test('a token is kept as its hash, for its owner alone, and its name is given once', async () => {
  const path = await folder()
  const tokens = tokenFolder(path)
  expect(await tokens.tokens(never)).toEqual([])
  const { token, record } = draw('ci')
  expect(tokenNameOf(token)).toBe('ci')
  await tokens.create(record)
  expect(await tokens.tokens(never)).toEqual([record])
  const text = await readFile(join(path, 'ci.json'), 'utf8')
  expect(text).not.toContain(token.slice(-64))
  expect((await stat(join(path, 'ci.json'))).mode & 0o777).toBe(0o600)
  expect((await stat(path)).mode & 0o777).toBe(0o700)
  await expect(tokens.create(draw('ci').record)).rejects.toThrow(
    expect.objectContaining({ code: 'conflict' }),
  )
  expect(await readdir(path)).toEqual(['ci.json'])
  expect(await readFile(join(path, 'ci.json'), 'utf8')).toBe(text)
})

test('a token that is revoked is gone, and its name may be given again', async () => {
  const tokens = tokenFolder(await folder())
  const other = draw('ci').record
  await tokens.create(draw('ci').record)
  expect(await tokens.tokens(never)).toHaveLength(1)
  expect([await tokens.revoke('ci'), await tokens.revoke('ci'), await tokens.revoke('../token')]).toEqual([
    true,
    false,
    false,
  ])
  expect(await tokens.tokens(never)).toEqual([])
  await tokens.create(other)
  expect(await tokens.tokens(never)).toEqual([other])
})

test('files are read again when one came or went, and not each second', async () => {
  const path = await folder()
  const clock = virtualClock({ startMs: Date.now() + 60_000 })
  const disk = nodeFs()
  let reads = 0
  const fs = {
    ...disk,
    read(file: string, maxBytes: number) {
      reads += 1
      return disk.read(file, maxBytes)
    },
  }
  const tokens = tokenFolder(path, { fs, system: { clock } })
  await tokens.create(draw('a').record)
  for (let second = 0; second < 10; second += 1) {
    expect(await tokens.tokens(never)).toHaveLength(1)
    await clock.advance(1_000)
  }
  expect(reads).toBe(1)
  await tokens.create(draw('b').record)
  expect(await tokens.tokens(never)).toHaveLength(2)
  await tokens.revoke('a')
  expect((await tokens.tokens(never)).map(({ name }) => name)).toEqual(['b'])
  // What was changed in place, which nobody does, is noticed after a minute.
  await writeFile(join(path, 'b.json'), 'spoilt')
  await clock.advance(60_000)
  expect(await tokens.tokens(never)).toEqual([])
})

const { record } = draw('ci')
const file = (changes: object): string => canonicalize({ ...record, ...changes })

test.each<[string, string]>([
  ['of a later version', file({ v: 2 })],
  ['with a member that is not known, which may narrow it', file({ addresses: ['10.0.0.0/8'] })],
  ['with a scope that is not known', file({ scopes: ['inspect', 'everything'] })],
  ['without a scope', file({ scopes: [] })],
  ['without a namespace', file({ namespaces: [] })],
  ['with a pattern that is none', file({ namespaces: ['**/prod'] })],
  ['of another name', file({ name: 'admin' })],
  ['with a hash that is none', file({ sha256: 'AB' })],
  ['with a time that is none', file({ expiresAt: 'tomorrow' })],
  ['with an author that would forge a line', file({ author: 'a\nb' })],
  ['that is not canonical', `${file({})}\n`],
  ['that is empty', ''],
  ['that is too large', ' '.repeat(70_000)],
])('a file %s grants nothing, and is told', async (_, text) => {
  const path = await folder()
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  const tokens = tokenFolder(path, { logger: { debug() {}, info() {}, warn: log, error: log } })
  await tokens.create(draw('good').record)
  await writeFile(join(path, 'ci.json'), text)
  expect((await tokens.tokens(never)).map(({ name }) => name)).toEqual(['good'])
  expect(logged).toEqual(['a token grants nothing, since its file cannot be read'])
})

test('a record that readers would refuse is not written', () => {
  expect(() => encodeTokenRecord({ ...record, scopes: [] } as TokenRecord)).toThrow(/at least one/)
})
