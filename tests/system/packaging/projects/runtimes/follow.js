import { createClient, http, hybrid, onDemand, pull, push } from 'noticeboard'
import * as z from 'zod'

/**
 * Follows a board with each strategy, from one version to the next, and tells it what was read.
 *
 * @param {string} url
 */
export async function follow(url) {
  const schema = z.object({ pool: z.object({ size: z.number() }), padding: z.string() })
  const board = http(url)
  const clients = [
    pull(board, { pollIntervalMs: 100 }),
    push(board),
    hybrid(board),
    onDemand(board, { maxAgeMs: 100 }),
  ].map(strategy => createClient({ namespace: 'shop/prod', schema, strategy }))
  const sizes = () => clients.map(({ current }) => current.pool.size)
  const tell = (path, said) => fetch(`${url}/${path}`, { method: 'POST', body: JSON.stringify(said) })

  await Promise.all(clients.map(client => client.ready()))
  await tell('first', sizes())
  while (sizes().some(size => size !== 200)) {
    await clients[3].refresh().catch(() => {})
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  // On demand is fresh for as long as it was asked to be, whatever else the machine does.
  await clients[3].refresh()
  const statuses = clients.map(({ status }) => status)
  await Promise.all(clients.map(client => client.close()))
  await tell('last', { sizes: sizes(), statuses })
}
