import { describe, expect, test } from 'vitest'
import { readDelivery } from '../../../../src/transports/http/deliveries.js'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const event = (name: string, ...data: string[]): { name: string; data: Uint8Array[] } => ({
  name,
  data: data.map(encode),
})
const DIGEST = 'a'.repeat(64)

describe('events of the stream', () => {
  test('a release brings its namespace, its bytes and its snapshots', () => {
    expect(readDelivery(event('release', 'checkout/prod', '{"release":{}}', `${DIGEST} {"a": 1}`))).toEqual({
      type: 'release',
      namespace: 'checkout/prod',
      bytes: encode('{"release":{}}'),
      snapshots: [{ digest: DIGEST, bytes: encode('{"a": 1}') }],
    })
    expect(readDelivery(event('release', 'a', '{}'))).toEqual({
      type: 'release',
      namespace: 'a',
      bytes: encode('{}'),
    })
  })

  test('a mark brings its namespace and its bytes', () => {
    expect(readDelivery(event('mark', 'a', '{}'))).toEqual({
      type: 'mark',
      namespace: 'a',
      bytes: encode('{}'),
    })
  })

  test.each([
    ['{"heartbeatMs":15000}', { type: 'alive', heartbeatMs: 15_000 }],
    ['{}', { type: 'alive' }],
    ['{"heartbeatMs":0.001}', { type: 'alive', heartbeatMs: 10 }],
    ['{"heartbeatMs":1e15}', { type: 'alive', heartbeatMs: 600_000 }],
    ['{"heartbeatMs":0}', { type: 'alive' }],
    ['{"heartbeatMs":-5}', { type: 'alive' }],
    ['{"heartbeatMs":"5"}', { type: 'alive' }],
    ['{"heartbeatMs":1e999}', { type: 'alive' }],
    ['null', { type: 'alive' }],
    ['not json', { type: 'alive' }],
  ])('alive with %s is a sign of life', (data, delivery) => {
    expect(readDelivery(event('alive', data))).toEqual(delivery)
  })

  test.each([
    ['{"delayMs":1830}', 1_830],
    ['{"delayMs":-1}', undefined],
    ['nonsense', undefined],
  ])('goodbye with %s is a loss, with the delay as a floor', (data, retryAfterMs) => {
    expect(() => readDelivery(event('goodbye', data))).toThrow(
      expect.objectContaining({ code: 'unavailable', retryAfterMs }),
    )
  })

  test('an event that nobody knows says nothing', () => {
    expect(readDelivery(event('delta', 'x'))).toBeUndefined()
    expect(readDelivery(event('message', 'x'))).toBeUndefined()
  })

  test.each([
    event('release'),
    event('release', 'a'),
    event('mark', 'a'),
    event('release', 'a', '{}', `${DIGEST}{"no":"space"}`),
    event('release', 'a', '{}', `${DIGEST.slice(1)} {}`),
    event('release', 'a', '{}', `${DIGEST.toUpperCase()} {}`),
  ])('a malformed event of a known name is refused: %#', malformed => {
    expect(() => readDelivery(malformed)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })
})
