import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRoute } from '../../../src/server/routes/routes.js'

const DIGEST = 'a'.repeat(64)

describe('paths', () => {
  test.each([
    ['/v1/checkout/prod/release.json', { type: 'pointer', namespace: 'checkout/prod' }],
    ['/v1/a/schema.json', { type: 'schema', namespace: 'a' }],
    ['/v1/a/b/c/d/~reports', { type: 'reports', namespace: 'a/b/c/d' }],
    ['/v1/a/~releases', { type: 'releases', namespace: 'a' }],
    ['/v1/a/~history', { type: 'history', namespace: 'a' }],
    ['/v1/~events', { type: 'events' }],
    ['/v1/~namespaces', { type: 'namespaces' }],
    [`/v1/a/snapshots/${DIGEST}.json`, { type: 'snapshot', namespace: 'a', digest: DIGEST }],
    [
      '/v1/a/b/releases/2-9f3a01bc/41.json',
      { type: 'release', namespace: 'a/b', position: { epoch: '2-9f3a01bc', sequence: 41 } },
    ],
  ])('%s is known', (path, route) => {
    expect(parseRoute(path)).toEqual(route)
  })

  test.each([
    '', '/', '/v1', '/v1/', '/v1//', 'v1/a/release.json', '/v2/a/release.json', '/v1/release.json', '/v1/schema.json',
    '/v1/../release.json', '/v1/a/../b/release.json', '/v1/a/..%2fb/release.json', '/v1/%2e%2e/release.json', '/v1/a\\b/release.json',
    '/v1/a\0/release.json', '/v1/a%00/release.json', '/v1/Checkout/release.json', '/v1/a//release.json', '/v1//a/release.json',
    '//v1/a/release.json', '/v1/a/release.json/', '/v1/a/release.JSON', '/v1/%61/release.json', '/v1/a/b/c/d/e/release.json',
    '/v1/a/~reports/', '/v1/a/~Reports', '/v1/a/~tokens', '/v1/~events/', '/v1/a/~events', '/v1/releases/release.json',
    '/v1/a/snapshots/release.json', '/v1/a.json/release.json', '/v1/con/release.json', '/v1/a./release.json',
    `/v1/a/snapshots/${DIGEST.toUpperCase()}.json`, `/v1/a/snapshots/${DIGEST.slice(1)}.json`, `/v1/a/snapshots/${DIGEST}`,
    `/v1/snapshots/${DIGEST}.json`, `/v1/a/snapshots/x/${DIGEST}.json`, '/v1/a/releases/41.json', '/v1/a/releases/2-9f3a01bc/0.json',
    '/v1/a/releases/2-9f3a01bc/01.json', '/v1/a/releases/2-9f3a01bc/-1.json', '/v1/a/releases/2-9f3a01bc/1e3.json',
    '/v1/a/releases/2-9f3a01bc/9007199254740992.json', '/v1/a/releases/0-9f3a01bc/1.json', '/v1/a/releases/2-9F3A01BC/1.json',
    '/v1/releases/2-9f3a01bc/1.json', '/v1/a/mark.json', '/private/token', '/v1/../../private/token', `/v1/${'a/'.repeat(300)}release.json`,
  ])('%j names nothing', path => {
    expect(parseRoute(path)).toBeUndefined()
  }) // prettier-ignore

  test('whatever comes, a route holds only well-formed names', () => {
    const piece = fc.constantFrom(
      'v1',
      'a',
      'b-1',
      'releases',
      'snapshots',
      '..',
      '.',
      '',
      '%2e',
      '~events',
      '~history',
      'release.json',
      '1-9f3a01bc',
      '1.json',
      `${DIGEST}.json`,
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 9 }), pieces => {
        const route = parseRoute(`/${pieces.join('/')}`)
        if (route === undefined || !('namespace' in route)) return
        expect(route.namespace).toMatch(/^[a-z0-9][a-z0-9._-]*(\/[a-z0-9][a-z0-9._-]*){0,3}$/)
        expect(route.namespace.split('/')).not.toContain('releases')
      }),
      { numRuns: 5_000 },
    )
  })
})
