import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { z as zod3 } from 'zod/v3'
import type { Schema } from '../../../src/contracts/schema.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/index.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

const NAMESPACE = 'checkout/prod'

/** A folder with a board in it, to which programs publish and at which somebody types commands. */
async function place() {
  const folder = await temporaryFolder()
  const board = join(folder, 'board')
  const store = fileStore(board)
  onTestFinished(() => store.close())
  const write = (name: string, content: unknown): Promise<void> =>
    writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content))
  const type = (...args: string[]): Promise<Ran> =>
    commandLine(args.includes('--help') ? args : [...args, '--board', board], {
      cwd: folder,
      env: { NOTICEBOARD_NAMESPACE: NAMESPACE },
    })
  return {
    write,
    type,
    /** What a program publishes; resolves to the warnings. */
    async publish<Input>(schema: Schema<Input, unknown>, document: Input): Promise<readonly string[]> {
      const publisher = createPublisher<Input, unknown>({ namespace: NAMESPACE, schema, store })
      const { warnings } = await publisher.publish(document, { rollout: everyone(), reason: 'a program' })
      await publisher.close()
      return warnings
    },
    /** `noticeboard publish` of such a document. */
    async typed(document: unknown, ...args: string[]): Promise<Ran> {
      await write('typed.json', document)
      return type('publish', 'typed.json', '--everyone', '--reason', 'typed', '--create', ...args)
    },
  }
}

const strict = z.object({ a: z.number().max(1) })

test('what the newest program accepts is published by the command line too, also where its schema cannot be written as JSON Schema', async () => {
  const { publish, typed } = await place()
  const grown: readonly [string, Schema<any, unknown>][] = [
    ['a coerced date', z.object({ a: z.number().max(9), t: z.coerce.date().optional() })],
    ['an instance', z.object({ a: z.number(), t: z.instanceof(Map).optional() })],
    ['a bigint', z.object({ a: z.number(), t: z.bigint().optional() })],
    ['zod 3', zod3.object({ a: zod3.number() })],
    [
      'a library without JSON Schema',
      { '~standard': { version: 1, vendor: 'valibot', validate: value => ({ value }) } },
    ],
  ]
  for (const [name, schema] of grown) {
    expect(await publish(strict, { a: 0 })).toEqual([])
    expect((await typed({ a: 5 })).status).toBe(3)
    const warnings = await publish(schema, { a: 5 })
    expect([name, warnings.length]).toEqual([name, 1])
    const ran = await typed({ a: 6 })
    expect([name, ran.status, ran.stderr]).toEqual([name, 0, expect.any(String)])
  }
})

test('where no JSON Schema is kept any more, the command line says that it checks the form alone, and validates by nothing', async () => {
  const { publish, typed, type } = await place()
  await publish(strict, { a: 0 })
  await publish(zod3.object({ a: zod3.number() }), { a: 5 })
  expect((await typed({ a: 6 })).stderr).toContain(
    'no schema is known for checkout/prod; only the form is checked',
  )
  expect(await type('validate', 'typed.json')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('no schema to validate by'),
  })
})

test('--schema is for that command; the board keeps the schema that it had, unless --keep-schema is given', async () => {
  const { publish, typed, type, write } = await place()
  await publish(strict, { a: 0 })
  await write('lax.json', {})
  await write('wide.json', { properties: { a: { maximum: 5 } } })
  expect((await typed({ a: 5 }, '--schema', 'lax.json')).status).toBe(0)
  expect(await typed({ a: 6 })).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('a: expected at most 1'),
  })
  expect((await typed({ a: 4 }, '--schema', 'wide.json', '--keep-schema')).status).toBe(0)
  expect((await typed({ a: 5 })).status).toBe(0)
  expect(await typed({ a: 6 })).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('a: expected at most 5'),
  })
  expect(await typed({ a: 5 }, '--keep-schema')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining('--schema FILE'),
  })
  expect((await type('rollback', '--reason', 'typed')).status).toBe(0)
  expect((await typed({ a: 6 })).status).toBe(3)
})

test('the schema of the configuration file is kept', async () => {
  const { typed, write, type } = await place()
  await write('service.schema.json', { properties: { a: { maximum: 5 } } })
  await write('noticeboard.config.json', { schema: './service.schema.json' })
  expect((await typed({ a: 5 })).status).toBe(0)
  await write('noticeboard.config.json', {})
  expect(await type('validate', 'typed.json')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('by the schema on the board'),
  })
})

test.each([
  ['an escaped hyphen', '^[a-z]+\\-[0-9]+$', 'abc-12', 'abc'],
  ['an escaped at', '^\\w+\\@\\w+$', 'a@b', 'a'],
  ['an escaped underscore', '^a\\_b$', 'a_b', 'a-b'],
  ['a bare bracket', '^a]$', 'a]', 'a'],
  ['a bare brace', '^a{$', 'a{', 'a'],
])(
  'a pattern with %s that a program checks by is checked by the command line too',
  async (_name, pattern, good, bad) => {
    const { publish, typed } = await place()
    const schema = z.object({ a: z.string().regex(new RegExp(pattern)) })
    expect(await publish(schema, { a: good })).toEqual([])
    expect((await typed({ a: good, n: 1 })).status).toBe(0)
    expect(await typed({ a: bad })).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('a: expected another form'),
    })
  },
)

test('a text with an emoji, which counts as two in a program, is not refused by the command line, and another still is', async () => {
  const { publish, typed } = await place()
  const schema = z.object({
    two: z.string().regex(/^..$/),
    whole: z.string().regex(/^.{2}$/u),
    keys: z.record(z.string().regex(/^[^/]{2}$/), z.number()),
  })
  const document = { two: '😀', whole: 'ab', keys: { '😀': 1 } }
  expect(await publish(schema, document)).toEqual([])
  expect(await typed({ ...document, whole: '😀b' })).toMatchObject({ status: 0 })
  const refused = await typed({ two: 'abc', whole: '😀', keys: { a: 1 } })
  expect(refused).toMatchObject({ status: 3 })
  for (const part of ['two: expected another form', 'whole: expected another form', 'keys'])
    expect(refused.stderr).toContain(part)
})

test('a pattern whose flag i JSON Schema cannot say is left out, and the program is warned', async () => {
  const { publish, typed } = await place()
  const schema = z.object({
    a: z
      .string()
      .regex(/^[a-z]+$/i)
      .max(5),
  })
  expect(await publish(schema, { a: 'abc' })).toEqual([expect.stringContaining('#/properties/a')])
  expect((await typed({ a: 'ABC' })).status).toBe(0)
  expect((await typed({ a: 'ABCDEF' })).status).toBe(3)
})

test.each<[string, unknown, string]>([
  [
    'a type that does not exist',
    { properties: { a: { type: 'int' } } },
    '#/properties/a/type there is no type "int"; write "integer"',
  ],
  [
    'a broken pattern',
    { properties: { a: { pattern: '[' } } },
    '#/properties/a/pattern is not a valid regular expression',
  ],
  [
    'a reference to nowhere',
    { properties: { a: { $ref: '#/$defs/x' } } },
    '#/properties/a/$ref refers to a place that is not in this schema',
  ],
  [
    'the form of draft 4',
    { properties: { a: { minimum: 0, exclusiveMinimum: true } } },
    '#/properties/a/exclusiveMinimum must be a number',
  ],
  [
    'a draft that nobody reads',
    { $schema: 'http://json-schema.org/draft-03/schema#' },
    '#/$schema names a draft that is not known',
  ],
])('a schema with %s is told as that before any document is read', async (_name, jsonSchema, words) => {
  const { type, write } = await place()
  await write('bad.schema.json', jsonSchema)
  for (const command of [
    ['validate', 'there-is-no-such-document.json', '--schema', 'bad.schema.json'],
    [
      'publish',
      'there-is-no-such-document.json',
      '--everyone',
      '--reason',
      'x',
      '--create',
      '--schema',
      'bad.schema.json',
    ],
  ]) {
    const ran = await type(...command)
    expect([ran.status, ran.stderr]).toEqual([
      1,
      expect.stringContaining(`bad.schema.json cannot be used: ${words}`),
    ])
  }
})

test('a schema on the board that cannot be used is told as that, with the way round it', async () => {
  const { publish, typed, write } = await place()
  await publish(strict, { a: 0 })
  await write('board/public/v1/checkout/prod/schema.json', { properties: { a: { type: 'int' } } })
  const ran = await typed({ a: 0 })
  expect([ran.status, ran.stderr]).toEqual([
    1,
    expect.stringMatching(
      /the schema kept beside checkout\/prod cannot be used: #\/properties\/a\/type .* --schema FILE/,
    ),
  ])
  await write('good.json', {})
  expect((await typed({ a: 1 }, '--schema', 'good.json')).status).toBe(0)
})

test('a draft 4 schema that says so is read as draft 4', async () => {
  const { type, write } = await place()
  const draft = { $schema: 'http://json-schema.org/draft-04/schema#' }
  await write('four.json', {
    ...draft,
    properties: { a: { type: 'integer', minimum: 0, exclusiveMinimum: true } },
  })
  await write('good.json', { a: 1 })
  await write('bad.json', { a: 0 })
  expect((await type('validate', 'good.json', '--schema', 'four.json')).status).toBe(0)
  expect(await type('validate', 'bad.json', '--schema', 'four.json')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('a: expected more than 0'),
  })
})

test('$schema in a document, which editors write, is told for what it is', async () => {
  const { type, write, publish, typed } = await place()
  const document = { $schema: './service.schema.json', a: 1 }
  await publish(z.strictObject({ a: z.number() }), { a: 0 })
  const refused = await typed(document)
  expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('$schema: is for editors')])
  expect(refused.stderr).not.toContain('unrecognized')
  await write('closed.json', { properties: { a: {} }, additionalProperties: false })
  await write('document.json', document)
  expect(await type('validate', 'document.json', '--schema', 'closed.json')).toMatchObject({
    status: 3,
    stderr: expect.stringContaining('$schema: is for editors'),
  })
  await write('open.json', { properties: { a: {} } })
  expect(await type('validate', 'document.json', '--schema', 'open.json')).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('the member $schema of'),
  })
  await write('knows.json', { properties: { $schema: { type: 'string' }, a: {} } })
  expect(await type('validate', 'document.json', '--schema', 'knows.json')).toMatchObject({
    status: 0,
    stderr: '',
  })
})

test('the help says what a kept schema does not hold, and that --schema is for one command', async () => {
  const { type } = await place()
  const help = (await type('publish', '--help')).stdout.replaceAll(/\s+/g, ' ')
  expect(help).toContain('no rules of code (refine, transforms, validators)')
  expect(help).toContain('this once')
  expect(help).toContain('--keep-schema')
  expect((await type('validate', '--help')).stdout.replaceAll(/\s+/g, ' ')).toContain('no rules of code')
})
