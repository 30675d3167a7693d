// What the server holds of each client that reports, in memory.
import { summarize } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/** @import { Bench, Part } from '../main.js' */

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureRegistry({ options: { quick }, processes, say }) {
  const counts = quick ? [10_000] : [10_000, 100_000]
  const rounds = quick ? 1 : 3
  /** @type {Map<number, { held: number[], sent: number[] }>} */
  const measured = new Map(counts.map(count => [count, { held: [], sent: [] }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [count, { held, sent }] of measured) {
      const settings = { namespace: 'benchmark/registry', token: 'benchmark-token-of-this-run-alone' }
      const server = await processes.start(new URL('server-process.js', import.meta.url), settings)
      const url = await server.ask('url')
      const fleet = await processes.start(new URL('fleet-process.js', import.meta.url), { ...settings, url })
      // The first few load what any number needs.
      await fleet.ask('report', 1_000)
      const before = await server.ask('heapBytes')
      const { bytes } = await fleet.ask('report', count)
      held.push(((await server.ask('heapBytes')) - before) / count)
      const known = await server.ask('clients')
      if (known < count) throw new Error(`the server knows ${known} of ${count} clients`)
      sent.push(bytes)
      for (const child of [fleet, server]) await child.end()
      say(`registry: ${count.toLocaleString('en')} clients reported`)
    }
  }
  const rows = [...measured].map(([clients, { held, sent }]) => ({
    clients,
    sentBytes: summarize(sent),
    heldBytes: summarize(held),
  }))
  const text = [
    paragraph(`5. What the server holds of each client that reports; ${rounds} rounds`),
    '',
    formatTable(
      ['clients', 'report, bytes', 'held, bytes a client'],
      rows.map(({ clients, sentBytes, heldBytes }) => [
        clients.toLocaleString('en'),
        ranged(sentBytes),
        ranged(heldBytes),
      ]),
    ),
    paragraph(
      "held: the server's heap after a full collection, less what it was before the fleet reported. Reports have four labels, one of which is the host's own.",
    ),
  ].join('\n')
  return { figures: { rounds, rows }, text }
}
