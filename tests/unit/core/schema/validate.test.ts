import { expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
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
