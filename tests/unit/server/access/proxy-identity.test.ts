import { expect, onTestFinished, test } from 'vitest'
import type { Grant } from '../../../../src/contracts/access.js'
import { createHandler } from '../../../../src/server/index.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { memory } from '../../../../src/transports/memory.js'
import { ask, asJson, started, withToken } from '../../../support/asking.js'
import { NAMESPACE, publish, TOKEN } from '../../../support/server-fixtures.js'
import { tokenBox } from '../../../support/tokens.js'

const grant = (identity: string): Grant | undefined =>
  identity === 'CN=ci' ? { name: 'ci', scopes: ['inspect'], namespaces: ['checkout/*'] } : undefined
const proxyIdentity = { header: 'X-Client-Identity', grant }
const history = `/v1/${NAMESPACE}/~history`

async function statusFor(
  trustedProxies: readonly string[],
  headers: Readonly<Record<string, string>>,
  path = history,
): Promise<number> {
  const store = memory()
  await publish(store, { pool: 1 })
  const { url } = await started(store, { write: { token: TOKEN }, trustedProxies, proxyIdentity })
  return (await ask(url, path, { headers })).status
}

test('whom a trusted proxy names may do what the hook grants, where it grants it', async () => {
  const named = { 'x-client-identity': 'CN=ci' }
  expect(await statusFor(['127.0.0.1'], named)).toBe(200)
  expect(await statusFor(['127.0.0.1'], named, '/v1/billing/prod/~history')).toBe(403)
  expect(await statusFor(['127.0.0.1'], { 'x-client-identity': 'CN=other' })).toBe(401)
  expect(await statusFor(['127.0.0.1'], {})).toBe(401)
})

test('the header of anybody but a trusted proxy says nothing', async () => {
  expect(await statusFor(['192.0.2.1'], { 'x-client-identity': 'CN=ci' })).toBe(401)
})

test('a token that is wrong is nobody, whatever the proxy says, and a right one is its own', async () => {
  const named = { 'x-client-identity': 'CN=ci' }
  expect(await statusFor(['127.0.0.1'], { ...named, ...withToken('wrong') })).toBe(401)
  expect(await statusFor(['127.0.0.1'], { ...named, ...withToken(TOKEN) })).toBe(200)
})

test('a stream of whom a proxy names ends when the hook grants nothing any more, and no sooner', async () => {
  const clock = virtualClock()
  const box = tokenBox()
  box.give({ name: 'first', scopes: ['read'], namespaces: ['**'] })
  box.give({ name: 'second', scopes: ['read'], namespaces: ['**'] })
  let granted: string | undefined = 'ci'
  const store = memory()
  await publish(store, { pool: 1 })
  const { url } = await started(store, {
    tokens: box,
    requireToken: ['read'],
    trustedProxies: ['127.0.0.1'],
    system: { clock },
    proxyIdentity: {
      header: 'X-Client-Identity',
      grant: said =>
        said === 'CN=ci' && granted !== undefined
          ? { name: granted, scopes: ['read'], namespaces: ['**'] }
          : undefined,
    },
  })
  const response = await fetch(`${url}/v1/~events?ns=${NAMESPACE}`, {
    headers: { 'x-client-identity': 'CN=ci' },
  })
  const reader = response.body!.getReader()
  onTestFinished(() => reader.cancel())
  const ended = (async () => {
    while (!(await reader.read()).done);
    return true
  })()
  // Streams are looked at when a token is gone.
  box.revoke('first')
  await clock.advance(22_000)
  expect(await Promise.race([ended, new Promise(resolve => setTimeout(resolve, 100, false))])).toBe(false)
  granted = 'another'
  box.revoke('second')
  await clock.advance(22_000)
  expect(await ended).toBe(true)
})

test('a hook that throws lets nobody in', async () => {
  const { url } = await started(memory(), {
    trustedProxies: ['127.0.0.1'],
    proxyIdentity: {
      header: 'x-client-identity',
      grant() {
        throw new Error('the directory is away')
      },
    },
  })
  const headers = { 'x-client-identity': 'CN=ci', ...asJson }
  expect((await ask(url, history, { headers })).status).toBe(500)
  expect(
    (await ask(url, `/v1/${NAMESPACE}/schema.json`, { method: 'PUT', headers, body: '{}' })).status,
  ).toBe(500)
})

test('an identity that nobody trusted could send is refused as an option', () => {
  expect(() => createHandler(memory(), { proxyIdentity })).toThrow(/trustedProxies/)
  const handler = createHandler(memory(), { proxyIdentity, trustedProxies: ['10.0.0.0/8'] })
  onTestFinished(() => handler.close())
})
