import { expect, test } from 'vitest'
import { z } from 'zod'
import { z as zod3 } from 'zod/v3'
import type { Json } from '../../../../src/contracts/json.js'
import type { Schema } from '../../../../src/contracts/schema.js'
import { anything } from '../../../../src/core/schema/anything.js'
import { schemaFromJson } from '../../../../src/core/schema/schema-from-json.js'
import { sayUnknownKeys, unknownKeys } from '../../../../src/core/schema/unknown-keys.js'
import { runSchema } from '../../../../src/core/schema/validate.js'

const jsonSchema = (json: object): Schema => schemaFromJson(json, { what: 'the schema' })

async function told(schema: Schema<any, any>, document: Json): Promise<readonly string[]> {
  const result = await runSchema(schema, document)
  if (result.type === 'invalid') throw new Error('the document is not valid')
  const keys = await unknownKeys(schema, { document, value: result.value })
  return keys.map(({ path, dropped }) => `${path} ${dropped ? 'dropped' : 'kept'}`)
}

const misspelt = {
  pool: { size: 1, szie: 2 },
  hosts: [{ name: 'a', prot: 3 }],
  'odd key': 4,
  'pol ': { a: 5 },
}

test('keys that a schema drops are named whole, wherever they stand', async () => {
  const shape = z.object({
    pool: z.object({ size: z.number() }),
    hosts: z.array(z.object({ name: z.string() })),
  })
  const dropped = ['pool.szie dropped', 'hosts[0].prot dropped', '["odd key"] dropped', '["pol "] dropped']
  expect(await told(shape, misspelt)).toEqual(dropped)
  const old = zod3.object({
    pool: zod3.object({ size: zod3.number() }),
    hosts: zod3.array(zod3.object({ name: zod3.string() })),
  })
  expect(await told(old, misspelt)).toEqual(dropped)
  class Config {}
  expect(
    await told(
      shape.transform(() => new Config()),
      misspelt,
    ),
  ).toEqual(dropped)
})

test('keys that a JSON Schema does not name are told, and travel', async () => {
  const schema = jsonSchema({
    type: 'object',
    properties: { pool: { $ref: '#/$defs/pool' } },
    $defs: { pool: { properties: { size: { type: 'number' } } } },
  })
  expect(await told(schema, { pool: { size: 1, szie: 2 }, name: 'x' })).toEqual([
    'pool.szie kept',
    'name kept',
  ])
})

test.each<[string, Schema<any, any>, Json]>([
  ['takes any key', z.looseObject({ a: z.number() }), { a: 1, b: 2 }],
  ['names keys by data', z.record(z.string(), z.object({ a: z.number() })), { x: { a: 1 } }],
  ['has alternatives', z.union([z.object({ a: z.number() }), z.object({ b: z.number() })]), { b: 1 }],
  ['knows no names', anything, { a: 1 }],
  ['says nothing of what is inside', z.object({ a: z.any() }), { a: { b: 1 } }],
  [
    'is recursive',
    z.object({
      get next() {
        return z.object({ a: z.number() }).optional()
      },
    }),
    { next: { a: 1 } },
  ],
  [
    'points elsewhere',
    jsonSchema({
      $id: 'https://a.test/a',
      $ref: 'https://a.test/b',
      $defs: { b: { $id: 'https://a.test/b', properties: { a: {} } } },
    }),
    { a: 1 },
  ],
  [
    'renames a key and has no names',
    zod3.object({ old: zod3.number() }).transform(({ old }) => ({ fresh: old })),
    { old: 1 },
  ],
])('a schema that %s leaves nothing to tell', async (_name, schema, document) => {
  expect(await told(schema, document)).toEqual([])
})

test('$schema at the top is for editors, and told elsewhere', async () => {
  expect(await told(z.object({}), { $schema: './a.json' })).toEqual([])
})

test('the warning names a few keys, and counts the others', () => {
  const keys = Array.from({ length: 7 }, (_, index) => ({ path: `k${index}`, dropped: true }))
  expect(sayUnknownKeys([...keys, { path: 'x', dropped: false }], ' for clients with region=eu')).toEqual([
    'the schema drops k0, k1, k2, k3, k4 and 2 more for clients with region=eu, so no program sees it; is it misspelt?',
    'the schema does not name x for clients with region=eu, which is published all the same; is it misspelt?',
  ])
  expect(sayUnknownKeys([])).toEqual([])
})
