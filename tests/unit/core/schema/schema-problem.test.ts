import { expect, test } from 'vitest'
import { schemaFromJson } from '../../../../src/core/schema/schema-from-json.js'
import { runSchema } from '../../../../src/core/schema/validate.js'
import type { Json } from '../../../../src/contracts/json.js'

const DRAFT = { '4': 'http://json-schema.org/draft-04/schema#', '6': 'http://json-schema.org/draft-06/schema#', '7': 'http://json-schema.org/draft-07/schema#' } // prettier-ignore

const inA = (a: unknown): object => ({ type: 'object', properties: { a } })

test.each<[string, object, string]>([
  [
    'a type that does not exist',
    inA({ type: 'int' }),
    '#/properties/a/type there is no type "int"; write "integer"',
  ],
  [
    'a type in a list that does not exist',
    inA({ type: ['strin', 'null'] }),
    '#/properties/a/type there is no type "strin"; write "string"',
  ],
  ['a type that is no name', inA({ type: 7 }), '#/properties/a/type must be one of'],
  [
    'a pattern that does not compile',
    inA({ pattern: '[' }),
    '#/properties/a/pattern is not a valid regular expression',
  ],
  [
    'a pattern of names that does not compile',
    { patternProperties: { '(': {} } },
    '#/patternProperties/( is not a valid regular expression',
  ],
  [
    'a reference to nowhere',
    inA({ $ref: '#/$defs/pool' }),
    '#/properties/a/$ref refers to a place that is not in this schema',
  ],
  [
    'a reference to another file',
    inA({ $ref: 'pool.json' }),
    '#/properties/a/$ref refers to a place that is not in this schema; other files',
  ],
  ['a reference to itself', { $ref: '#' }, '#/$ref refers to itself, in a circle'],
  [
    'references in a circle',
    { $ref: '#/$defs/a', $defs: { a: { anyOf: [{ $ref: '#/$defs/b' }] }, b: { $ref: '#/$defs/a' } } },
    'refers to itself, in a circle',
  ],
  [
    'the limit of draft 4 without its name',
    inA({ minimum: 1, exclusiveMinimum: true }),
    '#/properties/a/exclusiveMinimum must be a number; true and false are the form of draft 4',
  ],
  [
    'the limit of later drafts in draft 4',
    { $schema: DRAFT[4], ...inA({ exclusiveMaximum: 3 }) },
    '#/properties/a/exclusiveMaximum must be true or false in draft 4',
  ],
  ['a limit that is a text', inA({ minimum: '1' }), '#/properties/a/minimum must be a number'],
  [
    'a length below zero',
    inA({ minLength: -1 }),
    '#/properties/a/minLength must be a whole number, 0 or more',
  ],
  [
    'a member that is required at itself',
    inA({ required: true }),
    '#/properties/a/required must be a list of the names of members',
  ],
  ['members that are no schemas', { properties: { 'a/b': 'string' } }, '#/properties/a~1b must be a schema'],
  ['members in a list', { properties: [] }, '#/properties must be an object with a member for each name'],
  ['no alternatives', { anyOf: [] }, '#/anyOf must be a list of schemas'],
  ['values that are no list', inA({ enum: 'x' }), '#/properties/a/enum must be a list of values'],
  ['a factor of zero', inA({ multipleOf: 0 }), '#/properties/a/multipleOf must be a number above 0'],
  [
    'a reference that is not supported',
    inA({ $dynamicRef: '#a' }),
    '#/properties/a/$dynamicRef is not supported',
  ],
  [
    'a draft that is not known',
    { $schema: 'http://json-schema.org/draft-03/schema#' },
    '#/$schema names a draft that is not known here; write for draft 4, 6, 7, 2019-09 or 2020-12',
  ],
  ['a draft that is no text', { $schema: 7 }, '#/$schema names a draft'],
  ['another draft inside', inA({ $schema: DRAFT[4] }), '#/properties/a/$schema names another draft'],
])(
  '%s is told with its place in the schema, and not as a mistake of a document',
  (_name, jsonSchema, expected) => {
    expect(() => schemaFromJson(jsonSchema, { what: 'pool.schema.json' })).toThrow(
      expect.objectContaining({
        code: 'invalid-data',
        message: expect.stringContaining(expected),
      }),
    )
    expect(() => schemaFromJson(jsonSchema, { what: 'pool.schema.json' })).toThrow(
      /^pool\.schema\.json cannot be used: /,
    )
  },
)

test.each<[string, object, Json, Json, string]>([
  [
    'draft 4',
    { $schema: DRAFT[4], ...inA({ minimum: 1, exclusiveMinimum: true }) },
    { a: 2 },
    { a: 1 },
    'a: expected more than 1',
  ],
  [
    'draft 4 over https',
    {
      $schema: DRAFT[4].replace('http:', 'https:').replace('#', ''),
      ...inA({ maximum: 1, exclusiveMaximum: true }),
    },
    { a: 0 },
    { a: 1 },
    'a: expected less than 1',
  ],
  [
    'draft 6',
    { $schema: DRAFT[6], ...inA({ exclusiveMinimum: 1 }) },
    { a: 2 },
    { a: 1 },
    'a: expected more than 1',
  ],
  [
    'draft 7',
    { $schema: DRAFT[7], properties: { a: { items: [{ type: 'number' }] } } },
    { a: [1] },
    { a: ['x'] },
    'a[0]: expected number',
  ],
  [
    'draft 7, whose reference stands alone',
    {
      $schema: DRAFT[7],
      ...inA({ $ref: '#/definitions/n', maximum: 0 }),
      definitions: { n: { type: 'number' } },
    },
    { a: 1 },
    { a: 'x' },
    'a: expected number',
  ],
  [
    'draft 2019-09',
    { $schema: 'https://json-schema.org/draft/2019-09/schema', ...inA({ type: 'number' }) },
    { a: 1 },
    { a: 'x' },
    'a: expected number',
  ],
  [
    'no draft at all',
    inA({ prefixItems: [{ type: 'number' }] }),
    { a: [1] },
    { a: ['x'] },
    'a[0]: expected number',
  ],
  [
    'an escape of the older grammar',
    inA({ pattern: '^[a-z]+\\-[0-9]+\\@\\_]{$' }),
    { a: 'a-1@_]{' },
    { a: 'a' },
    'a: expected another form',
  ],
  [
    'names by an escape of the older grammar',
    { patternProperties: { '^x\\-': { type: 'number' } }, additionalProperties: false },
    { 'x-a': 1 },
    { 'x-a': 'y' },
    '*: expected number',
  ],
  [
    'references by anchor and by address',
    {
      $id: 'http://a.example/root',
      properties: { a: { $ref: '#n' }, b: { $ref: 'http://a.example/root#n' } },
      $defs: { n: { $anchor: 'n', maximum: 1 } },
    },
    { a: 1, b: 1 },
    { b: 2 },
    'b: expected at most 1',
  ],
  [
    'members that have the names of keywords',
    {
      properties: {
        pattern: { type: 'string' },
        type: { type: 'object', properties: { $ref: { type: 'string' } } },
      },
    },
    { pattern: '[', type: { $ref: 'x' } },
    { pattern: 1 },
    'pattern: expected string',
  ],
  [
    'data that looks like a schema',
    { properties: { a: { const: { pattern: '[', $ref: '#/x', type: 'int' } } } },
    { a: { pattern: '[', $ref: '#/x', type: 'int' } },
    { a: 1 },
    'a: expected what the schema allows',
  ],
  [
    'a reference that goes round through the document',
    {
      $ref: '#/$defs/tree',
      $defs: { tree: { properties: { next: { $ref: '#/$defs/tree' }, n: { type: 'number' } } } },
    },
    { next: { next: { n: 1 } } },
    { next: { n: 'x' } },
    'next.n: expected number',
  ],
])('a schema in %s is read as that', async (_name, jsonSchema, good, bad, words) => {
  const schema = schemaFromJson(jsonSchema, { what: 'it' })
  expect(await runSchema(schema, good)).toEqual({ type: 'valid', value: good })
  const refused = await runSchema(schema, bad)
  if (refused.type === 'valid') throw new Error('it must be refused')
  expect(refused.issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([words])
})
