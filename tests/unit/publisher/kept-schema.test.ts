import { expect, test } from 'vitest'
import { z } from 'zod'
import { z as zod3 } from 'zod/v3'
import type { Schema } from '../../../src/contracts/schema.js'
import { encodeText } from '../../../src/core/json/text.js'
import { schemaFromJson } from '../../../src/core/schema/schema-from-json.js'
import { createPublisher, type Publisher, type PublisherOptions } from '../../../src/publisher/index.js'
import { everyone } from '../../../src/rollouts/index.js'
import { systemClock } from '../../../src/system/system.js'
import { scriptedStore } from './scripted-store.js'

const clock = { ...systemClock, now: () => Date.UTC(2026, 0, 1), sleep: async () => {} }
const why = { rollout: everyone(), reason: 'a test' }

function setUp() {
  const store = scriptedStore()
  return {
    store,
    by: <Input>(
      schema: Schema<Input, unknown>,
      more: Partial<PublisherOptions<Input>> = {},
    ): Publisher<Input> =>
      createPublisher<Input, unknown>({
        namespace: 'checkout/prod',
        schema,
        store,
        system: { clock },
        ...(more as object),
      }),
    kept: (): unknown =>
      store.kept === undefined ? undefined : JSON.parse(Buffer.from(store.kept).toString()),
  }
}

const strict = z.object({ a: z.number().max(1) })

test('the schema of a program that grew a coerced date takes the place of the older one, with a warning that names the place', async () => {
  const { by, kept } = setUp()
  expect((await by(strict).publish({ a: 1 }, why)).warnings).toEqual([])
  const grown = by(z.object({ a: z.number().max(9), t: z.coerce.date().optional() }))
  const { warnings } = await grown.publish({ a: 5 }, why)
  expect(warnings).toEqual([
    expect.stringMatching(
      /^the schema cannot be written .* checks less than this publisher at #\/properties\/t$/,
    ),
  ])
  expect(kept()).toMatchObject({ properties: { a: { maximum: 9 } } })
  expect((await grown.publish({ a: 6 }, why)).warnings).toEqual([])
})

test.each<[string, Schema<any, unknown>]>([
  ['zod 3', zod3.object({ a: zod3.number() })],
  [
    'a library without JSON Schema',
    { '~standard': { version: 1, vendor: 'valibot', validate: value => ({ value }) } },
  ],
])(
  'a publisher with %s takes away the schema that another one kept, once and with a warning, and keeps none where there was none',
  async (_name, schema) => {
    const { by, store, kept } = setUp()
    await by(schema).publish({ a: 1 }, why)
    expect(kept()).toBeUndefined()
    await by(strict).publish({ a: 0 }, why)
    const rolledBack = await by(schema).rollback({ reason: 'nothing is published by this' })
    expect([rolledBack.warnings, kept()]).toEqual([[], expect.objectContaining({ type: 'object' })])
    const { warnings } = await by(schema).publish({ a: 5 }, why)
    expect(warnings).toEqual([
      expect.stringContaining('has no JSON Schema, so the one kept beside checkout/prod was replaced'),
    ])
    expect(kept()).toEqual({ $comment: expect.any(String) })
    expect(await schemaFromJson(kept(), { what: 'it' })['~standard'].validate({ b: 'x' })).toEqual({
      value: { b: 'x' },
    })
    const written: string[] = []
    store.before = operation => void written.push(operation)
    expect((await by(schema).publish({ a: 6 }, why)).warnings).toEqual([])
    expect(written).not.toContain('putSchema')
  },
)

/** A schema of a library that writes its own JSON Schema. */
const written = (vendor: string, jsonSchema: object, json?: unknown): Schema<any, unknown> =>
  ({
    json,
    '~standard': {
      version: 1,
      vendor,
      validate: (value: unknown) => ({ value }),
      jsonSchema: { input: () => jsonSchema, output: () => jsonSchema },
    },
  }) as Schema<any, unknown>

const patterns = {
  type: 'object',
  properties: {
    plain: { type: 'string', pattern: '^a+$' },
    anyCase: { type: 'string', pattern: '^abc$' },
    pattern: { type: 'string', maxLength: 5 },
    letters: { type: 'string', pattern: '^\\p{L}$' },
    map: { type: 'object', patternProperties: { '^k': { type: 'number' } } },
    patternProperties: { type: 'object', properties: { '^k': { const: { pattern: '^abc$' } } } },
  },
}
const rule = (source: string, flags: string): object => ({ rule: source, flags })

test('a pattern of arktype whose flags are lost is left out, and the program is warned of its place', async () => {
  const { by, kept } = setUp()
  const arktype = written('arktype', patterns, {
    required: [
      { key: 'plain', value: { domain: 'string', pattern: ['^a+$'] } },
      { key: 'anyCase', value: { domain: 'string', pattern: [rule('^abc$', 'i')] } },
      { key: 'letters', value: { domain: 'string', pattern: [rule('^\\p{L}$', '')] } },
      { key: 'map', value: { index: [{ signature: { pattern: [rule('^k', 'i')] }, value: 'number' }] } },
    ],
  })
  const { warnings } = await by(arktype).publish({}, why)
  expect(warnings).toEqual([
    expect.stringMatching(/at #\/properties\/anyCase, #\/properties\/letters, #\/properties\/map$/),
  ])
  expect(kept()).toEqual({
    type: 'object',
    properties: {
      ...patterns.properties,
      anyCase: { type: 'string' },
      letters: { type: 'string' },
      map: { type: 'object', patternProperties: {} },
    },
  })
})

test('what is left out of a schema has nothing refused that it named: other members, a negation, one of several', async () => {
  const { by, kept } = setUp()
  const pattern = { pattern: '^a' }
  const schema = written('effect', {
    type: 'object',
    patternProperties: { '^k': { type: 'number' } },
    additionalProperties: false,
    properties: {
      a: { not: pattern },
      b: { oneOf: [pattern, { type: 'string' }] },
      c: { if: pattern, else: { maxLength: 1 } },
      d: { oneOf: [{ type: 'number' }, { type: 'string' }] },
    },
  })
  await by(schema).publish({}, why)
  const checked = schemaFromJson(kept(), { what: 'it' })['~standard']
  const document = { k1: 1, a: 'b', b: 'a', c: 'bb', d: 1 }
  expect(await checked.validate(document)).toEqual({ value: document })
  expect(await checked.validate({ d: true })).toMatchObject({ issues: [{ path: ['d'] }] })
})

test('a document that is one of several by a rule of code or a flag alone is not refused as several', async () => {
  const { by, kept } = setUp()
  const schema = z.object({
    a: z.xor([z.string().refine(text => text.length > 3), z.string().max(2)]),
    b: z.xor([z.string().regex(/^a/i), z.string().regex(/^b/)]),
  })
  const { warnings } = await by(schema).publish({ a: 'x', b: 'b' }, why)
  expect(warnings).toEqual([expect.stringContaining('this publisher at #/properties/b, #/properties/a')])
  const checked = schemaFromJson(kept(), { what: 'it' })['~standard']
  expect(await checked.validate({ a: 'x', b: 'b' })).toEqual({ value: { a: 'x', b: 'b' } })
  expect(await checked.validate({ a: 1, b: 'b' })).toMatchObject({ issues: [{ path: ['a'] }] })
})

test('of a library that is not known every pattern is left out, since nobody says what flags it had', async () => {
  const { by, kept } = setUp()
  const { warnings } = await by(written('effect', patterns)).publish({}, why)
  expect(warnings).toEqual([expect.stringContaining('checks less than this publisher at #/properties/plain')])
  expect(kept()).toMatchObject({ properties: { plain: { type: 'string' }, pattern: { maxLength: 5 } } })
  expect(JSON.stringify(kept())).not.toContain('a+')
  await by(written('valibot', patterns)).publish({ a: 1 }, why)
  expect(kept()).toEqual(patterns)
})

test('a schema that may not be written is told, and what is kept stays', async () => {
  const { by, store, kept } = setUp()
  store.kept = encodeText('{"type":"object"}')
  store.before = operation => {
    if (operation === 'putSchema') throw Object.assign(new Error('no'), { code: 'EACCES' })
  }
  const { warnings } = await by(strict).publish({ a: 1 }, why)
  expect(warnings).toEqual([expect.stringContaining('checks by the one kept before')])
  expect(kept()).toEqual({ type: 'object' })
})

test('keepSchema: false leaves what is kept as it is', async () => {
  const { by, kept } = setUp()
  await by(strict).publish({ a: 1 }, why)
  const before = kept()
  await by(z.object({ a: z.number() }), { keepSchema: false }).publish({ a: 5 }, why)
  expect(kept()).toEqual(before)
  expect(() => by(strict, { keepSchema: 'no' as unknown as boolean })).toThrow('keepSchema')
})

test('what a library takes since an emoji has the length two is taken by the kept schema, and what it negates is left out', async () => {
  const { by, kept } = setUp()
  const schema = written('valibot', {
    type: 'object',
    properties: {
      long: { type: 'string', minLength: 2 },
      pair: { type: 'string', pattern: '^..$' },
      names: {
        type: 'object',
        patternProperties: { '^..$': { type: 'number' } },
        additionalProperties: false,
      },
      other: { not: { minLength: 2 } },
    },
  })
  const { warnings } = await by(schema).publish({}, why)
  expect(warnings).toEqual([expect.stringMatching(/at #\/properties\/names, #\/properties\/other$/)])
  const checked = schemaFromJson(kept(), { what: 'it' })['~standard']
  const fine = { long: '😀', pair: '😀', names: { '😀': 1, a: 1 }, other: '😀' }
  expect(await checked.validate(fine)).toEqual({ value: fine })
  expect(await checked.validate({ long: 'a', pair: 'a' })).toMatchObject({
    issues: [
      { path: ['long'], code: 'too_small', minimum: 2 },
      { path: ['pair'], code: 'invalid_format' },
    ],
  })
})
