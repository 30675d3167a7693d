import { expect, test } from 'vitest'
import { z } from 'zod'
import { schemaFromJson } from '../../../../src/core/schema/schema-from-json.js'
import type { Json } from '../../../../src/contracts/json.js'
import { jsonSchemaOf } from '../../../../src/core/schema/json-schema.js'
import { runSchema } from '../../../../src/core/schema/validate.js'

const SECRET = 'hunter2-secret'

async function told(jsonSchema: unknown, document: Json): Promise<string[]> {
  const result = await runSchema(schemaFromJson(jsonSchema, { what: 'the schema' }), document)
  return result.type === 'valid' ? [] : result.issues.map(({ path, message }) => `${path}: ${message}`)
}

test.each<[string, unknown, Json, string[]]>([
  ['a minimum', { properties: { a: { minimum: 1 } } }, { a: 0 }, ['a: expected at least 1']],
  [
    'an exclusive maximum',
    { properties: { a: { exclusiveMaximum: 1 } } },
    { a: 1 },
    ['a: expected less than 1'],
  ],
  ['a type', { properties: { a: { type: 'integer' } } }, { a: SECRET }, ['a: expected integer']],
  ['one of several types', { type: ['string', 'null'] }, 1, [': expected string-or-null']],
  [
    'missing members',
    { required: ['a', 'b'], properties: { a: { type: 'number' } } },
    {},
    ['a: is missing', 'b: is missing'],
  ],
  [
    'a member of a list',
    { properties: { l: { items: { type: 'string' } } } },
    { l: ['x', 1] },
    ['l[1]: expected string'],
  ],
  [
    'an unknown key',
    { properties: { a: {} }, additionalProperties: false },
    { a: 1, [SECRET]: 1 },
    ['*: unrecognized key'],
  ],
  [
    'what stands below a key that is data',
    { additionalProperties: { type: 'number' } },
    { [SECRET]: 'x' },
    ['*: expected number'],
  ],
  ['a length', { minLength: 3 }, 'x', [': expected at least 3 characters']],
  ['a number of items', { maxItems: 1 }, [1, 2], [': expected at most 1 items']],
  [
    'a format, which zod also gives as a pattern',
    { type: 'string', format: 'email', pattern: '^.+@.+$' },
    SECRET,
    [': expected the form email'],
  ],
  ['a choice', { enum: ['on', 'off'] }, SECRET, [': expected one of "on", "off"']],
  ['a constant', { const: 1 }, 2, [': expected 1']],
  [
    'alternatives, of which none is what is wrong',
    { anyOf: [{ type: 'string' }, { type: 'object', additionalProperties: false }] },
    { [SECRET]: 1 },
    [': expected one of the alternatives of the schema'],
  ],
  [
    'something through a reference',
    { $ref: '#/$defs/p', $defs: { p: { properties: { n: { maximum: 9 } } } } },
    { n: 10 },
    ['n: expected at most 9'],
  ],
  ['something that has no words', { not: { type: 'string' } }, SECRET, [': refused by the schema']],
])('%s is told without its value', async (_name, jsonSchema, document, expected) => {
  const issues = await told(jsonSchema, document)
  expect(issues).toEqual(expected)
  expect(issues.join()).not.toContain(SECRET)
})

test('what zod and its JSON Schema say of a document is the same', async () => {
  const schema = z.strictObject({
    pool: z.object({ size: z.number().min(1).max(10) }),
    mode: z.enum(['on', 'off']),
    hosts: z.array(z.object({ name: z.string().min(2) })),
    limits: z.record(z.string(), z.number()),
  })
  const document = {
    pool: { size: 0 },
    mode: 'x',
    hosts: [{ name: 'ok' }, { name: 'x' }],
    limits: { alice: 'y' },
    extra: 1,
  }
  const own = await runSchema(schema, document)
  const derived = await runSchema(schemaFromJson(jsonSchemaOf(schema), { what: 'it' }), document)
  if (own.type === 'valid' || derived.type === 'valid') throw new Error('both refuse it')
  const sorted = (issues: typeof own.issues) =>
    issues.map(({ path, message }) => `${path}: ${message}`).sort()
  expect(sorted(derived.issues)).toEqual(sorted(own.issues))
})

test('a valid document passes as it is', async () => {
  const document = { a: 1 }
  expect(await runSchema(schemaFromJson({ type: 'object' }, { what: 'it' }), document)).toEqual({
    type: 'valid',
    value: document,
  })
})

test.each([[[]], [1], [null]])('%s is no JSON Schema', thing => {
  expect(() => schemaFromJson(thing, { what: 'schema.json' })).toThrow(
    expect.objectContaining({ code: 'invalid-data' }),
  )
})
