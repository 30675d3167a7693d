import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Validator } from '@cfworker/json-schema'
import { expect, test } from 'vitest'
import {
  assumptionsOf,
  compare,
  loadWorkload,
  presets,
  pullModel,
  workloadSchema,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { encodeText } from '../../../src/core/json/text.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { defaultDeltas } from '../../../src/deltas/default-deltas.js'
import { systemHasher } from '../../../src/system/system.js'
import { CHANGES, loadedChange } from './changes.js'
import { INPUTS, boundsOf, placeOf, readWorkload } from '../../../src/compare/workload.js'
import { valueSaid } from '../../../scripts/check-defaults.js'
import { temporaryFolder } from '../../support/board-kit.js'

const { signal } = new AbortController()

async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await temporaryFolder()
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

test('a workload file names its documents, and their sizes are those that travel', async () => {
  const folder = await folderWith({
    'app.yaml': 'pool: 8\nname:   checkout\n',
    'next.json': '{ "pool": 9, "name": "checkout" }',
    'workload.json': '{ "$schema": "x", "clients": 60, "document": "app.yaml", "next": "next.json" }',
  })
  const workload = await loadWorkload(join(folder, 'workload.json'), { signal })
  expect(workload).toEqual({
    $schema: 'x',
    clients: 60,
    documentBytes: '{"name":"checkout","pool":8}'.length,
    encodedBytes: '{"name":"checkout","pool":8}'.length,
    changedBytes: '[{"after":9,"path":"pool"}]'.length,
  })
  await expect(compare(workload)).resolves.toMatchObject({ workload: { clients: 60 } })
})

test('how long a document is encoded is what the server would send, unless the workload says it', async () => {
  const folder = await folderWith({
    'app.json': JSON.stringify({ pools: Array.from({ length: 200 }, (_, size) => ({ size, name: 'pool' })) }),
    'noise.json': JSON.stringify({ noise: randomBytes(2_000).toString('latin1') }),
    'workload.json': '{ "clients": 60, "document": "app.json" }',
    'given.json': '{ "clients": 60, "document": "app.json", "encodedBytes": 77 }',
    'hardly.json': '{ "clients": 60, "document": "noise.json" }',
  })
  const load = (name: string) => loadWorkload(join(folder, name), { signal })
  const { documentBytes = 0, encodedBytes = 0 } = await load('workload.json')
  expect(encodedBytes).toBeGreaterThan(100)
  expect(encodedBytes).toBeLessThan(documentBytes / 4)
  expect(await load('given.json')).toMatchObject({ documentBytes, encodedBytes: 77 })
  const hardly = await load('hardly.json')
  expect(hardly.encodedBytes).toBeLessThanOrEqual(hardly.documentBytes ?? 0)
})

test('a workload file that makes no sense is refused with what is wrong', async () => {
  const refused = async (text: string, message: RegExp) => {
    const folder = await folderWith({ 'workload.json': text, 'a.json': '{}' })
    await expect(loadWorkload(join(folder, 'workload.json'), { signal })).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(message),
    })
  }
  await refused('[]', /a workload must be an object/)
  await refused('{"clients":1,"documentBytes":9,"document":"a.json"}', /not both/)
  await refused('{"clients":1,"next":"a.json"}', /needs `document`/)
  await refused('{"clients":1,"document":7}', /name of a file/)
  await refused('{"clients":1,"document":"a.json","client":1}', /did you mean clients/)
  await refused('{"clients":1,"documnt":"a.json"}', /workload\.json: .*did you mean document\?/)
  await refused('{"clients":1,"foo":1}', /it has .*, document, next$/)
  await refused('{"clients":0,"document":"a.json"}', /workload\.json: clients must be a whole number/)
  await refused(
    '{"clients":1,"document":"a.json","network":{"rtt":1}}',
    /workload\.json: .*did you mean rttMs/,
  )
  await refused('{"clients":1,"document":"a.txt"}', /^\S*a\.txt is neither/)
})

test('the JSON Schema takes every preset and the bounds of every number, and nothing beyond', () => {
  const validator = new Validator(workloadSchema() as object, '2020-12', false)
  const accepts = (value: object) => validator.validate(value).valid
  for (const { workload } of presets) expect(accepts(workload)).toBe(true)
  for (const input of INPUTS) {
    const base = { clients: 1, ...(input !== 'documentBytes' && { document: 'a.json' }) }
    const [group, name] = placeOf(input).includes('.') ? placeOf(input).split('.') : [undefined, input]
    const with_ = (value: number) =>
      group === undefined ? { ...base, [input]: value } : { ...base, [group]: { [name as string]: value } }
    const [least, most] = boundsOf(input)
    expect([input, accepts(with_(least)), accepts(with_(most))]).toEqual([input, true, true])
    expect([input, accepts(with_(least - 1)), accepts(with_(most + 1))]).toEqual([input, false, false])
  }
  const base = { clients: 1, document: 'a.json' }
  expect(accepts(base)).toBe(true)
  expect(accepts({ ...base, client: 3 })).toBe(false)
  // Clients, and one of the two that say how large the document is.
  expect(accepts({ document: 'a.json' })).toBe(false)
  expect(accepts({ clients: 1 })).toBe(false)
  expect(accepts({ clients: 1, documentBytes: 100 })).toBe(true)
  expect(accepts({ ...base, documentBytes: 100 })).toBe(false)
})

test('a routine change has as long as a kill switch at least, unless it is given', () => {
  const base = { clients: 1, documentBytes: 100 }
  const routineOf = (deadlines: object): number => readWorkload({ ...base, deadlines }).routineMs
  expect(routineOf({ killSwitchMs: 600_000 })).toBe(600_000)
  expect(routineOf({ killSwitchMs: 5_000 })).toBe(300_000)
  expect(routineOf({ killSwitchMs: 600_000, routineMs: 60_000 })).toBe(60_000)
  expect(readWorkload({ ...base, deadlines: { killSwitchMs: 600_000 } }).assumed).toContain('routineMs')
})

test('whether clients keep their configuration is assumed unless it is given, and stands among the assumptions', async () => {
  const base = { clients: 1, documentBytes: 100 }
  const saidOf = async (input: WorkloadInput) =>
    assumptionsOf(await compare(input, { models: [pullModel()] }))
  expect(readWorkload(base).assumed).toContain('keepsState')
  expect(readWorkload({ ...base, keepsState: true }).assumed).not.toContain('keepsState')
  expect(await saidOf(base)).toMatch(/clients find their configuration on a disk when they start/)
  expect(await saidOf({ ...base, keepsState: false })).toMatch(/clients start without a configuration/)
})

test('what is longer than the document that it is of is refused, but for what an encoding adds', async () => {
  const base = { clients: 1, documentBytes: 100 }
  for (const none of [undefined, null, 'a fleet'] as unknown[] as WorkloadInput[])
    expect(() => readWorkload(none)).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        message: 'a workload: options must be an object such as {}',
      }),
    )
  expect(() => readWorkload({ ...base, changedBytes: 101 })).toThrow(
    /changedBytes must not be above documentBytes/,
  )
  expect(() => readWorkload({ ...base, encodedBytes: 500 })).toThrow(
    /encodedBytes must not be above documentBytes/,
  )
  expect(readWorkload({ ...base, changedBytes: 100 }).changedBytes).toBe(100)
  for (const bytes of [2, 1_000, 100_000]) {
    const encodedBytes = gzipSync(randomBytes(bytes)).length
    expect(encodedBytes).toBeGreaterThan(bytes)
    expect(readWorkload({ ...base, documentBytes: bytes, encodedBytes }).encodedBytes).toBe(encodedBytes)
  }
  // A change of everything takes longer to say than the document.
  const folder = await folderWith({
    'app.json': '{"a":1,"b":2}',
    'next.json': '{"c":3,"d":4}',
    'workload.json': '{ "clients": 1, "document": "app.json", "next": "next.json" }',
  })
  const { changedBytes } = await loadWorkload(join(folder, 'workload.json'), { signal })
  expect(changedBytes).toBe('{"a":1,"b":2}'.length)
})

test('what a change takes is the length of the delta that a server makes of it', async () => {
  const codec = await defaultDeltas.codec()
  for (const [name, { before, after, most }] of Object.entries(CHANGES)) {
    const [base, bytes] = [before, after].map(document => encodeText(canonicalize(document)))
    const { changedBytes } = await loadedChange(before, after)
    const held = { digest: digestOf(systemHasher, base), bytes: base }
    expect([name, changedBytes]).toEqual([name, codec?.encode({ base: held, bytes })?.length])
    expect([name, changedBytes]).toEqual([name, expect.toSatisfy((length: number) => length < most)])
  }
})

test('a change of which no delta is short enough takes more than the longest delta', async () => {
  const noise = () => ({ noise: randomBytes(4_000).toString('hex') })
  const workload = await loadedChange(noise(), noise())
  expect(workload.changedBytes).toBeGreaterThan((workload.documentBytes ?? 0) / 2)
})

test('the defaults of a workload are those that its doc comments say', async () => {
  const text = await readFile(new URL('../../../src/compare/workload.ts', import.meta.url), 'utf8')
  const members = text
    .slice(text.indexOf('interface WorkloadInput'))
    .matchAll(/\/\*\*([^/]*?)\*\/\s+readonly (\w+)\?/g)
  const said = [...members].flatMap(([, comment = '', name = '']) => {
    const value = valueSaid(comment.replaceAll(/\s+\*\s/g, ' '))
    return value === undefined ? [] : [[name, value] as const]
  })
  expect(said).toHaveLength(12)
  expect(readWorkload({ clients: 1, documentBytes: 100 })).toMatchObject(Object.fromEntries(said))
})

test('a workload is read without options, and options that make no sense are refused by name', async () => {
  const folder = await folderWith({ 'workload.json': '{ "clients": 60, "documentBytes": 100 }' })
  const path = join(folder, 'workload.json')
  await expect(loadWorkload(path)).resolves.toEqual({ clients: 60, documentBytes: 100 })
  await expect(loadWorkload(path, {})).resolves.toEqual({ clients: 60, documentBytes: 100 })
  const refused = async (read: Promise<unknown>, message: RegExp) =>
    expect(read).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(message),
    })
  await refused(loadWorkload(path, null as never), /loadWorkload\(\): options must be an object/)
  await refused(loadWorkload(path, { sign: signal } as never), /did you mean signal/)
  await refused(loadWorkload(path, { signal: 5 } as never), /loadWorkload\(\): signal must be an AbortSignal/)
  await refused(loadWorkload(undefined as never), /loadWorkload\(\): path must be the name of a file/)
})
