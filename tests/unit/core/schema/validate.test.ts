import { expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { z as zod3 } from 'zod/v3'
import type { Json } from '../../../../src/contracts/json.js'
import type { Schema } from '../../../../src/contracts/schema.js'
import type { Validator } from '../../../../src/contracts/validator.js'
import { jsonSchemaOf } from '../../../../src/core/schema/json-schema.js'
import { validateDocument } from '../../../../src/core/schema/validate.js'

const signal = new AbortController().signal
const SECRET = 'hunter2-secret'

async function issuesOf(
  schema: Schema<any, any>,
  document: Json,
  validators: readonly Validator<any>[] = [],
) {
  const result = await validateDocument({ schema, validators, document, previous: undefined, signal })
  return result.type === 'valid'
    ? []
    : result.issues.map(({ path, message, validator }) => `${validator} ${path}: ${message}`)
}

const limits = z.object({
  pool: z.strictObject({ size: z.number().int().min(1).max(1000) }),
  servers: z.array(z.object({ host: z.string().min(2) })).optional(),
  users: z.record(z.string(), z.object({ quota: z.number() })).optional(),
})

test.each<[string, z.ZodType, Json, string[]]>([
  ['a number below its minimum', limits, { pool: { size: 0 } }, ['schema pool.size: expected at least 1']],
  [
    'a number above its maximum',
    limits,
    { pool: { size: 4242 } },
    ['schema pool.size: expected at most 1000'],
  ],
  ['a wrong type', limits, { pool: { size: SECRET } }, ['schema pool.size: expected number']],
  ['a missing member', limits, { pool: {} }, ['schema pool.size: is missing']],
  ['a key nobody named', limits, { pool: { size: 1, [SECRET]: 1 } }, ['schema pool.*: unrecognized key']],
  [
    'an item of a list',
    limits,
    { pool: { size: 1 }, servers: [{ host: 'ab' }, { host: 'x' }] },
    ['schema servers[1].host: expected at least 2 characters'],
  ],
  [
    'a member below a key that is data',
    limits,
    { pool: { size: 1 }, users: { alice: { quota: SECRET } } },
    ['schema users.*.quota: expected number'],
  ],
  ['a format', z.object({ mail: z.email() }), { mail: SECRET }, ['schema mail: expected the form email']],
  [
    'a pattern',
    z.object({ id: z.string().regex(/^x/) }),
    { id: SECRET },
    ['schema id: expected another form'],
  ],
  [
    'a choice',
    z.object({ mode: z.enum(['on', 'off']) }),
    { mode: SECRET },
    ['schema mode: expected one of "on", "off"'],
  ],
  ['a multiple', z.object({ n: z.number().multipleOf(5) }), { n: 3 }, ['schema n: expected a multiple of 5']],
  ['an exclusive limit', z.object({ n: z.number().gt(5) }), { n: 3 }, ['schema n: expected more than 5']],
  [
    'a union',
    z.object({ u: z.union([z.string(), z.number()]) }),
    { u: true },
    ['schema u: expected one of the alternatives of the schema'],
  ],
  [
    'a rule with a message that quotes the value',
    z.object({ n: z.string().refine(() => false, { error: ({ input }) => `bad ${input}` }) }),
    { n: SECRET },
    ['schema n: refused by a rule of the schema'],
  ],
  [
    'a recursive schema',
    z.object({
      get child() {
        return z.record(z.string(), limits).optional()
      },
    }),
    { child: { a: { pool: { size: 0 } } } },
    ['schema child.*.pool.size: expected at least 1'],
  ],
])('%s is told with its path and without its value', async (_name, schema, document, expected) => {
  const issues = await issuesOf(schema, document)
  expect(issues).toEqual(expected)
  expect(issues.join()).not.toContain(SECRET)
})

test('a schema with a transform still names its own keys only', async () => {
  const schema = z.object({
    at: z.string().transform(text => new Date(text)),
    by: z.record(z.string(), z.number()),
  })
  expect(jsonSchemaOf(schema.shape.at.or(z.date()))).toBeUndefined()
  expect(await issuesOf(schema, { at: '2026', by: { alice: 'x' } })).toEqual(['schema by.*: expected number'])
})

test('a schema without a JSON Schema prints keys that look like names', async () => {
  const schema = mini.object({
    pool: mini.object({ size: mini.number() }),
    by: mini.record(mini.string(), mini.number()),
  })
  expect(jsonSchemaOf(schema)).toBeUndefined()
  expect(await issuesOf(schema, { pool: { size: 'x' }, by: { 'a@b.example': 'x' } })).toEqual([
    'schema pool.size: expected number',
    'schema by.*: expected number',
  ])
})

test('another vendor is believed about paths and not about words', async () => {
  const schema: Schema = {
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: async value => ({
        issues: [{ message: `no ${JSON.stringify(value)}`, path: [{ key: 'pool' }, 'size'] }],
      }),
    },
  }
  expect(await issuesOf(schema, { pool: { size: SECRET } })).toEqual([
    'schema pool.size: refused by the schema',
  ])
})

test('another vendor may transform in place, and the document stays as it was', async () => {
  const schema: Schema<any, any> = {
    '~standard': {
      version: 1,
      vendor: 'other',
      validate(value: any) {
        value.pool.size *= 2
        return { value }
      },
    },
  }
  const document = Object.freeze({ pool: Object.freeze({ size: 1 }) })
  const result = await validateDocument({ schema, document, previous: undefined, signal })
  expect(result).toEqual({ type: 'valid', value: { pool: { size: 2 } } })
  expect(document).toEqual({ pool: { size: 1 } })
})

test('a schema or a validator that throws has refused, and what it threw is not told', async () => {
  const throwing = z.unknown().transform(() => {
    throw new Error(SECRET)
  })
  expect(await issuesOf(throwing, 1)).toEqual(['schema : the schema failed'])
  const validators: Validator[] = [
    {
      name: 'sync',
      validate: () => {
        throw new Error(SECRET)
      },
    },
    { name: 'async\nforged line', validate: async () => Promise.reject(new Error(SECRET)) },
  ]
  expect(await issuesOf(z.unknown(), 1, validators)).toEqual([
    'sync : the validator failed',
    'async forged line : the validator failed',
  ])
})

test('validators get the output of the schema and what runs now, and only when the schema passed', async () => {
  const seen: unknown[] = []
  const validators: Validator<any>[] = [
    { name: 'spy', validate: (value, { previous }) => void seen.push([value, previous]) },
    { name: 'pair', validate: async () => [{ path: 'a', message: 'too close to b' }, { message: 'no' }] },
  ]
  const schema = z.object({ a: z.number().default(7) })
  expect(await validateDocument({ schema, validators, document: {}, previous: { a: 1 }, signal })).toEqual({
    type: 'invalid',
    path: 'a',
    issues: [
      { path: 'a', message: 'too close to b', validator: 'pair' },
      { path: '', message: 'no', validator: 'pair' },
    ],
  })
  await validateDocument({ schema, validators, document: { a: 'x' }, previous: undefined, signal })
  expect(seen).toEqual([[{ a: 7 }, { a: 1 }]])
})

test('a valid document becomes the output of the schema', async () => {
  const schema = z.object({ a: z.number().default(7) })
  expect(await validateDocument({ schema, document: {}, previous: undefined, signal })).toEqual({
    type: 'valid',
    value: { a: 7 },
  })
  expect(await validateDocument({ document: [1], previous: undefined, signal })).toEqual({
    type: 'valid',
    value: [1],
  })
})

/** A schema of another library, which found these issues. */
function foreign(vendor: string, issues: readonly object[]): Schema {
  return {
    '~standard': {
      version: 1,
      vendor,
      validate: () => ({ issues: issues as readonly { message: string }[] }),
    },
  }
}

test.each<[string, Schema<any, any>, Json, string[]]>([
  ['a missing number', zod3.object({ a: zod3.number() }), {}, ['schema a: is missing']],
  ['a missing choice', zod3.object({ a: zod3.enum(['x', 'y']) }), {}, ['schema a: is missing']],
  [
    'a wrong choice',
    zod3.object({ a: zod3.enum(['x', 'y']) }),
    { a: SECRET },
    ['schema a: expected one of "x", "y"'],
  ],
  ['a wrong literal', zod3.object({ a: zod3.literal(1) }), { a: SECRET }, ['schema a: expected 1']],
  [
    'a short text',
    zod3.object({ a: zod3.string().min(3) }),
    { a: 'x' },
    ['schema a: expected at least 3 characters'],
  ],
  [
    'a long list',
    zod3.object({ a: zod3.array(zod3.number()).max(1) }),
    { a: [1, 2] },
    ['schema a: expected at most 1 items'],
  ],
  ['a form', zod3.object({ a: zod3.string().email() }), { a: SECRET }, ['schema a: expected the form email']],
  [
    'a pattern',
    zod3.object({ a: zod3.string().regex(/^a$/) }),
    { a: SECRET },
    ['schema a: expected another form'],
  ],
  [
    'a beginning',
    zod3.object({ a: zod3.string().startsWith('a') }),
    { a: SECRET },
    ['schema a: expected another form'],
  ],
  [
    'a factor',
    zod3.object({ a: zod3.number().multipleOf(2) }),
    { a: 3 },
    ['schema a: expected a multiple of 2'],
  ],
  [
    'a kind',
    zod3.discriminatedUnion('a', [zod3.object({ a: zod3.literal('x') })]),
    { a: SECRET },
    ['schema a: expected one of "x"'],
  ],
  [
    'an unknown key',
    zod3.strictObject({ a: zod3.number() }),
    { a: 1, [SECRET]: 1 },
    ['schema *: unrecognized key'],
  ],
])('zod 3 tells of %s what zod 4 does', async (_name, schema, document, expected) => {
  const issues = await issuesOf(schema, document)
  // One choice is said without "one of".
  expect(issues.map(issue => issue.replace('expected "x"', 'expected one of "x"'))).toEqual(expected)
  expect(issues.join()).not.toContain(SECRET)
})

test.each<[string, Schema<any, any>]>([
  ['zod with a message of its own', z.object({ a: z.number('bitte eine Zahl') })],
  ['a choice of zod', z.object({ a: z.enum(['x']) })],
  ['alternatives of zod', z.object({ a: z.union([z.string(), z.number()]) })],
  [
    'valibot',
    foreign('valibot', [
      { message: 'Invalid key: Expected "a" but received undefined', path: [{ key: 'a' }] },
    ]),
  ],
  ['arktype', foreign('arktype', [{ message: 'a must be a number (was missing)', path: ['a'] }])],
])('a member that is not there is missing, whatever the library says of it: %s', async (_name, schema) => {
  expect(await issuesOf(schema, { b: 1 })).toEqual(['schema a: is missing'])
})

test('a rule that looks at a member which is not there is a rule, and nothing is missing', async () => {
  const schema = z.object({ a: z.number().optional(), b: z.number() }).refine(() => false, { path: ['a'] })
  expect(await issuesOf(schema, { b: 1 })).toEqual(['schema a: refused by a rule of the schema'])
})

test.each<[string, Schema<any, any>]>([
  ['zod', z.strictObject({ a: z.number() })],
  ['zod 3', zod3.strictObject({ a: zod3.number() })],
  ['valibot', foreign('valibot', [{ message: 'Invalid key: Expected never', path: [{ key: '$schema' }] }])],
  ['arktype', foreign('arktype', [{ message: '$schema must be removed', path: ['$schema'] }])],
])('$schema at the top, which editors write, is told for what it is: %s', async (_name, schema) => {
  const issues = await issuesOf(schema, { $schema: './service.schema.json', a: 1 })
  expect(issues).toEqual([
    expect.stringMatching(/^schema \$schema: is for editors, .* take it out, or have the schema allow it$/),
  ])
})

test('beside $schema another key that nobody named is told as well, and one further inside is a key like any other', async () => {
  const schema = z.strictObject({ a: z.strictObject({}) })
  expect(await issuesOf(schema, { $schema: './a.json', a: {}, [SECRET]: 1 })).toEqual([
    expect.stringContaining('$schema: is for editors'),
    'schema *: unrecognized key',
  ])
  expect(await issuesOf(schema, { a: { $schema: 'x' } })).toEqual(['schema a.*: unrecognized key'])
  expect(await issuesOf(z.object({ $schema: z.url() }), { $schema: 'x' })).toEqual([
    'schema $schema: expected the form url',
  ])
})

test.each<[string, Schema<any, any>, Json, string[]]>([
  [
    'a key nobody named',
    limits,
    { pool: { size: 1, szie: 2, [SECRET]: 3 } },
    ['pool.szie: unrecognized key', `pool.${SECRET}: unrecognized key`],
  ],
  [
    'a member below a key that is data',
    limits,
    { pool: { size: 1 }, users: { 'alice@a.test': { quota: 'x' } } },
    ['users["alice@a.test"].quota: expected number'],
  ],
  ['zod 3', zod3.object({ a: zod3.object({}).strict() }), { a: { b: 1 } }, ['a.b: unrecognized key']],
  [
    'beside $schema',
    z.strictObject({}),
    { $schema: './a.json', b: 1 },
    [expect.stringContaining('$schema: is for editors') as unknown as string, 'b: unrecognized key'],
  ],
])('the author of a document is told its keys as they are: %s', async (_name, schema, document, expected) => {
  const options = { schema, document, previous: undefined, signal }
  const author = await validateDocument({ ...options, forAuthor: true })
  const reader = await validateDocument(options)
  if (author.type === 'valid' || reader.type === 'valid') throw new Error('the document is valid')
  expect(author.issues.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected)
  // What goes elsewhere is the same for both.
  expect([author.path, reader.path]).toEqual([reader.path, reader.issues[0]?.path])
  expect(JSON.stringify(reader)).not.toMatch(/szie|alice|hunter2|"b"/)
})
