import { expect, test } from 'vitest'
import { z } from 'zod'
import { z as zod3 } from 'zod/v3'
import type { Json } from '../../../../src/contracts/json.js'
import type { Schema } from '../../../../src/contracts/schema.js'
import { keptSchemaOf, saysNothing } from '../../../../src/core/schema/kept-schema.js'
import { schemaFromJson } from '../../../../src/core/schema/schema-from-json.js'
import { runSchema } from '../../../../src/core/schema/validate.js'

test.each<[string, Schema, Json, readonly string[]]>([
  ['a coerced number', z.object({ a: z.coerce.number() }), { a: '5' }, ['#/properties/a']],
  ['a coerced text', z.object({ a: z.coerce.string() }), { a: 5 }, ['#/properties/a']],
  ['a coerced date', z.object({ a: z.coerce.date().optional() }), { a: '2026-01-01' }, ['#/properties/a']],
  ['what a catch takes', z.object({ a: z.number().catch(0) }), { a: 'x' }, ['#/properties/a']],
  ['what a catch makes of nothing', z.object({ a: z.number().catch(0) }), {}, ['#/properties/a']],
  [
    'what is made ready first',
    z.object({ a: z.preprocess(Number, z.number()) }),
    { a: '5' },
    ['#/properties/a'],
  ],
  [
    'what is trimmed before it is measured',
    z.object({ a: z.string().trim().max(3) }),
    { a: ' abc ' },
    ['#/properties/a'],
  ],
  [
    'what becomes small letters first',
    z
      .string()
      .toLowerCase()
      .regex(/^[a-z]$/),
    'A',
    ['#'],
  ],
  [
    'a pattern with the flag i',
    z.object({ a: z.string().regex(/^[a-z]+$/i) }),
    { a: 'ABC' },
    ['#/properties/a'],
  ],
  ['one of two patterns with a flag', z.string().regex(/^a/i).regex(/b$/), 'Ab', ['#']],
  ['a pattern over several lines', z.string().regex(/^b$/m), 'a\nb', ['#']],
  [
    'keys by a pattern with a flag',
    z.record(z.string().regex(/^x-/i), z.number()),
    { 'X-A': 1 },
    ['#/propertyNames'],
  ],
  [
    'keys by a pattern, others as they come',
    z.looseRecord(z.string().regex(/^x-/i), z.number()),
    { 'X-A': 1 },
    ['#'],
  ],
  ['an escape that is a letter without the flag u', z.string().regex(new RegExp('^\\p{2}$')), 'pp', ['#']],
  [
    'an instance of a class',
    z.object({ a: z.instanceof(Map).optional(), b: z.number().max(9) }),
    { b: 9 },
    ['#/properties/a'],
  ],
  ['a bigint', z.object({ a: z.bigint().optional(), b: z.number() }), { b: 1 }, ['#/properties/a']],
  [
    'a pattern with escapes that only an older grammar knows',
    z.string().regex(new RegExp('^[a-z]+\\-[0-9]+$')),
    'a-1',
    [],
  ],
  ['a bare bracket in a pattern', z.string().regex(/^a]{$/), 'a]{', []],
  ['a default', z.strictObject({ a: z.number().default(3) }), {}, []],
])(
  'the schema that is kept accepts %s as the publisher does, and names where it checks less',
  async (_name, schema, document, gaps) => {
    expect((await runSchema(schema, document)).type).toBe('valid')
    const kept = keptSchemaOf(schema)
    expect(kept.gaps).toEqual(gaps)
    expect(await runSchema(schemaFromJson(kept.jsonSchema, { what: 'it' }), document)).toMatchObject({
      type: 'valid',
    })
  },
)

test('what is beside a place without words is checked all the same', async () => {
  const { jsonSchema } = keptSchemaOf(
    z.object({ a: z.number().max(9), t: z.coerce.date().optional(), b: z.string() }),
  )
  expect(jsonSchema).toMatchObject({ properties: { a: { maximum: 9 } }, required: ['a', 'b'] })
  const { jsonSchema: patterns } = keptSchemaOf(z.object({ a: z.string().regex(/^a/i).regex(/b$/).min(2) }))
  expect(patterns).toMatchObject({ properties: { a: { minLength: 2, allOf: [{ pattern: 'b$' }] } } })
})

test.each<[string, Schema]>([
  ['zod 3', zod3.object({ a: zod3.number() })],
  [
    'a library that tells no JSON Schema',
    { '~standard': { version: 1, vendor: 'valibot', validate: value => ({ value }) } },
  ],
  ['a class alone', z.instanceof(Map)],
  [
    'a JSON Schema that cannot be used',
    {
      '~standard': {
        version: 1,
        vendor: 'other',
        validate: value => ({ value }),
        jsonSchema: { input: () => ({ type: 'int' }) },
      },
    },
  ],
])('for %s a schema is kept that says nothing', (_name, schema) => {
  const { jsonSchema, isKnown } = keptSchemaOf(schema)
  expect([isKnown, saysNothing(jsonSchema)]).toEqual([false, true])
})
