import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { Json } from '../../../../src/contracts/json.js'
import { envOverrides } from '../../../../src/client/apply/overrides.js'
import { validateOverlaid } from '../../../../src/client/apply/validate-overlaid.js'
import { testPlatform } from '../../../support/client-harness.js'

const schema = z.object({
  pool: z.object({ size: z.number().max(50), password: z.string().optional() }),
  port: z.number().optional(),
  code: z.union([z.string(), z.number()]).optional(),
  id: z.number().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  hosts: z.array(z.string()).optional(),
  route: z.union([z.object({ to: z.string() }), z.literal(false)]).optional(),
})

/** What comes of a document with these variables laid over it. */
async function laid(
  variables: Readonly<Record<string, string>>,
  document: Json = { pool: { size: 10 } },
  over: z.ZodType = schema,
) {
  const warned: unknown[] = []
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (_: string, details?: object) => void warned.push(details),
  }
  const checked = await validateOverlaid({
    overrides: envOverrides('SHOP_', { system: { platform: testPlatform(variables) } }),
    logger,
    schema: over,
    document,
    previous: undefined,
    signal: new AbortController().signal,
  })
  return { ...checked, warned }
}

test('a document that changes are laid over is left as it was', () => {
  const document: Json = { pool: { size: 10 }, hosts: ['a', { port: 1 }] }
  const before = structuredClone(document)
  const variables = { SHOP_POOL__SIZE: '20', SHOP_HOSTS__0: 'b', SHOP_HOSTS__1__PORT: '2', SHOP_CODE: 'c' }
  const laidOver = envOverrides('SHOP_', { system: { platform: testPlatform(variables) } }).apply(document)
  expect(laidOver.document).toEqual({
    pool: { size: '20' },
    hosts: ['b', { port: '2' }],
    code: 'c',
  })
  expect(document).toEqual(before)
})

describe('a variable is', () => {
  test('text where the schema takes text, also where the document has nothing yet', async () => {
    const { document } = await laid({ SHOP_POOL__PASSWORD: '123456' })
    expect(document).toEqual({ pool: { size: 10, password: '123456' } })
  })

  test('text where the schema takes text and numbers, so that no digit is lost', async () => {
    const { document } = await laid({ SHOP_CODE: '0123' })
    expect(document).toMatchObject({ code: '0123' })
  })

  test('a number, a list or an object where the schema objects to text there', async () => {
    const { document, result } = await laid({
      SHOP_POOL__SIZE: '20',
      SHOP_HOSTS: '["a"]',
      SHOP_TAGS: '{"b":"c"}',
    })
    expect(result.type).toBe('valid')
    expect(document).toEqual({ pool: { size: 20 }, hosts: ['a'], tags: { b: 'c' } })
  })

  test('JSON where the schema takes one of several shapes', async () => {
    const { document, result } = await laid({ SHOP_ROUTE: '{"to":"b"}' })
    expect(result.type).toBe('valid')
    expect(document).toMatchObject({ route: { to: 'b' } })
  })

  test('JSON where other variables go into it', async () => {
    const { document } = await laid({ SHOP_POOL: '{"size":4,"password":"a"}', SHOP_POOL__SIZE: '5' })
    expect(document).toEqual({ pool: { size: 5, password: 'a' } })
  })

  test('never a number that loses digits', async () => {
    const { result } = await laid({ SHOP_ID: '12345678901234567890' })
    expect(result).toMatchObject({
      type: 'invalid',
      issues: [{ path: 'id', message: 'expected number (set by SHOP_ID)' }],
    })
  })

  test('text, where neither a schema nor a document says otherwise', async () => {
    const { document } = await laid({ SHOP_ANYTHING: '7' }, {}, z.unknown())
    expect(document).toEqual({ anything: '7' })
  })
})

describe('what is wrong with a variable', () => {
  test('is told with its name: of Kubernetes, one for a Service of that name', async () => {
    const { result } = await laid({ SHOP_PORT: 'tcp://10.0.0.7:8080' })
    expect(result).toMatchObject({
      issues: [{ path: 'port', message: 'expected number (set by SHOP_PORT)' }],
    })
  })

  test('is told of the number that it is', async () => {
    const { result } = await laid({ SHOP_POOL__SIZE: '99' })
    expect(result).toMatchObject({
      issues: [{ path: 'pool.size', message: expect.stringMatching(/50.* \(set by SHOP_POOL__SIZE\)$/) }],
    })
  })

  test('is told of the text where it is no better as JSON', async () => {
    const long = z.object({ name: z.string().min(10) })
    const { result } = await laid({ SHOP_NAME: '123' }, { name: 'a long enough name' }, long)
    expect(result).toMatchObject({
      issues: [{ path: 'name', message: expect.stringMatching(/10.* \(set by SHOP_NAME\)$/) }],
    })
  })

  test('is not told of what the document itself says', async () => {
    const { result } = await laid({ SHOP_PORT: '80' }, { pool: { size: 99 } })
    expect(result).toMatchObject({
      issues: [{ path: 'pool.size', message: expect.not.stringContaining('SHOP') }],
    })
  })

  test('is an empty one as well', async () => {
    const { result } = await laid({ SHOP_POOL__SIZE: '' })
    expect(result).toMatchObject({ issues: [{ message: 'expected number (set by SHOP_POOL__SIZE)' }] })
  })
})

describe('a variable that makes a member', () => {
  test('which neither the document nor the schema has is warned of', async () => {
    const { warned, overridden } = await laid({ SHOP_SERVICE_HOST: '10.0.0.7', SHOP_POOL__SISE: '4' })
    expect(warned).toEqual([
      { change: 'pool.sise (SHOP_POOL__SISE)' },
      { change: 'serviceHost (SHOP_SERVICE_HOST)' },
    ])
    expect(overridden).toEqual(['pool.sise (SHOP_POOL__SISE)', 'serviceHost (SHOP_SERVICE_HOST)'])
  })

  test('which one of them has is not', async () => {
    const { warned } = await laid(
      { SHOP_PORT: '80', SHOP_TAGS__B: 'c', SHOP_OLD: 'x' },
      { pool: { size: 10 }, old: 'y' },
    )
    expect(warned).toEqual([])
  })

  test('is not where the schema says nothing of members', async () => {
    const { warned } = await laid({ SHOP_A__B: 'c' }, {}, z.looseObject({}))
    expect(warned).toEqual([])
  })
})
