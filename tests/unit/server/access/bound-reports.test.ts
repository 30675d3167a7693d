import { expect, onTestFinished, test } from 'vitest'
import type { Grant } from '../../../../src/contracts/access.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { serve, type Server } from '../../../../src/server/index.js'
import { anything } from '../../../../src/core/schema/anything.js'
import { http, httpStore } from '../../../../src/transports/http/index.js'
import { memory } from '../../../../src/transports/memory.js'
import { reportOf } from '../../../support/report-of.js'
import { NAMESPACE, never } from '../../../support/server-fixtures.js'
import { tokenBox } from '../../../support/tokens.js'

const WHY = { reason: 'a test', rollout: everyone() }

/**
 * A board that was published to three times, with tokens for reports, and what says that clients
 * refused the second document.
 */
async function board(grants: readonly Pick<Grant, 'name' | 'clients'>[] = []) {
  const store = memory()
  const box = tokenBox()
  const tokens = grants.map(grant => box.give({ scopes: ['report'], namespaces: ['**'], ...grant }))
  const owner = box.give({ name: 'owner', scopes: ['admin'], namespaces: ['**'] })
  const start = async (): Promise<Server> => {
    const server = await serve(store, { tokens: box, controller: false })
    onTestFinished(() => server.close({ drainMs: 0 }))
    return server
  }
  const publisherAt = ({ url }: Server) =>
    createPublisher({ namespace: NAMESPACE, schema: anything, store: httpStore(url, { token: owner }) })

  const server = await start()
  const publisher = publisherAt(server)
  await publisher.publish({ size: 1 }, WHY)
  const { position } = await publisher.publish({ size: 2 }, WHY)
  await publisher.publish({ size: 3 }, WHY)
  const digest = (await publisher.read(2))?.digest ?? ''
  expect(position.sequence).toBe(2)

  return {
    tokens,
    server,
    start,
    publisherAt,
    async refuse(clientId: string, instanceId: string, token?: string): Promise<void> {
      const report = reportOf({
        namespace: NAMESPACE,
        instanceId,
        clientId,
        verdicts: [{ digest, verdict: 'rejected', code: 'invalid-document' }],
      })
      await http(server.url, token === undefined ? {} : { token }).report([{ ...report, bound: true }], never)
    },
  }
}

const CLIENTS = ['web-1', 'web-2', 'web-3']

test('a rollback passes over what clients refused whose tokens name them, over HTTP and after a restart of the server', async () => {
  const { tokens, server, start, publisherAt, refuse } = await board(
    CLIENTS.map(client => ({ name: client, clients: [client] })),
  )
  for (const [at, client] of CLIENTS.entries()) await refuse(client, `i-${client}`, tokens[at])
  await server.close({ drainMs: 0 })
  const back = await publisherAt(await start()).rollback({ reason: 'three is bad' })
  expect(back.version).toBe(1)
  expect(back.warnings.join()).toContain('passes over version 2, which 3 of 3 refused')
})

test.each([
  ['without a token', []],
  ['with a token for all clients', [{ name: 'all' }]],
  ['with a token for clients whose names begin alike', [{ name: 'web', clients: ['web-*'] }]],
  ['with the token of one of them', [{ name: 'one', clients: ['web-1'] }]],
])('strangers that say the same %s change nothing but a warning', async (_, grants) => {
  const {
    tokens: [token],
    server,
    publisherAt,
    refuse,
  } = await board(grants)
  for (const client of CLIENTS) for (const i of [1, 2]) await refuse(client, `i-${client}-${i}`, token)
  const back = await publisherAt(server).rollback({ reason: 'three is bad' })
  expect(back.version).toBe(2)
  expect(back.warnings.join()).toContain('refused version 2')
})
