// What the server holds of each client that reports, in memory.
import { summarize } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/** @import { Bench, Part } from '../main.js' */

/** How many reports are kept as they came, for the negative control. */
const COPIES = 10_000

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureRegistry({ options: { quick }, processes, say }) {
  const counts = quick ? [10_000] : [10_000, 100_000]
  const rounds = quick ? 3 : 5
  /** @type {Map<number, { held: number[], kept: number[], sent: number[] }>} */
  const measured = new Map(counts.map(count => [count, { held: [], kept: [], sent: [] }]))
  for (let round = 0; round < rounds; round += 1) {
    for (const [count, { held, kept, sent }] of measured) {
      const settings = { namespace: 'benchmark/registry', token: 'benchmark-token-of-this-run-alone' }
      const server = await processes.start(new URL('server-process.js', import.meta.url), settings)
      const url = await server.ask('url')
      const fleet = await processes.start(new URL('fleet-process.js', import.meta.url), { ...settings, url })
      // The first few load what any number needs.
      await fleet.ask('report', 1_000)
      const before = await server.ask('heapBytes')
      const { bytes, like } = await fleet.ask('report', count)
      const bytesOfEach = ((await server.ask('heapBytes')) - before) / count
      held.push(bytesOfEach)
      const known = await server.ask('clients')
      if (known < count) throw new Error(`the server knows ${known} of ${count} clients`)
      sent.push(bytes)
      kept.push(bytesOfEach + (await server.ask('keptBytes', { like, count: COPIES })))
      for (const child of [fleet, server]) await child.end()
      say(`registry: ${count.toLocaleString('en')} clients reported`)
    }
  }
  const rows = [...measured].map(([clients, { held, kept, sent }]) => ({
    clients,
    sentBytes: summarize(sent),
    heldBytes: summarize(held),
    keptBytes: summarize(kept),
  }))
  const text = [
    paragraph(`5. What the server holds of each client that reports; ${rounds} rounds`),
    '',
    formatTable(
      ['clients', 'report, bytes', 'held, bytes a client', 'with the report'],
      rows.map(({ clients, sentBytes, heldBytes, keptBytes }) => [
        clients.toLocaleString('en'),
        ranged(sentBytes),
        ranged(heldBytes),
        ranged(keptBytes),
      ]),
    ),
    paragraph(
      "held: the server's heap after a full collection, less what it was before the fleet reported. Reports have four labels, one of which is the host's own. with the report: what each report takes besides that is kept as it came, of 10,000, which is the negative control.",
    ),
  ].join('\n')
  return { figures: { rounds, rows }, text }
}
