// One process of the fleet: clients that follow the prices, and an application that dies of some of
// them.
import { join } from 'node:path'
import { createClient, http, hybrid, pull, push } from 'noticeboard'
import { stateFolder } from 'noticeboard/node'
import { endWithParent } from '../demo/child.js'
import { openEventFile } from '../demo/event-file.js'
import { isDeadly, schema } from './documents.js'
import { periods } from './periods.js'

/**
 * @typedef {object} ApplicationSettings
 * @property {import('./layout.js').Seat} seat
 * @property {import('./periods.js').StrategyName} strategy
 * @property {string} namespace
 * @property {string} url
 * @property {string} events a file
 * @property {string} state a folder
 */

/** @type {ApplicationSettings} */
const { seat, strategy, namespace, url, events, state } = JSON.parse(process.argv[2] ?? '{}')
const write = openEventFile(events)
const tell = (/** @type {object} */ event) => write({ at: Date.now(), ...event })
tell({ event: 'started' })

endWithParent()

const transport = http(url)
const { pollIntervalMs, soakMs, beatMs, reports } = periods
const strategies = { pull, push, hybrid }

const ready = seat.members.map(({ client: clientId, keepsState }) => {
  const client = createClient({
    namespace,
    schema,
    strategy: strategies[strategy](transport, { pollIntervalMs }),
    clientId,
    build: '1.0',
    soakMs,
    reports,
    ...(keepsState && { state: stateFolder(join(state, clientId), { beatMs }) }),
  })
  client.on('change', ({ current, running: { digest } }) => {
    tell({ event: 'runs', client: clientId, digest })
    if (isDeadly(current)) setTimeout(sell, seat.fuseMs, current)
  })
  return client
    .ready({ timeoutMs: 60_000 })
    .catch(error => tell({ event: 'trouble', client: clientId, code: error.code }))
})
// Its supervisor may start the next one.
void Promise.all(ready).then(() => process.send?.('up'))

/**
 * The bug: prices below zero were thought of by nobody. @param {{ discountPercent: number }}
 * document @returns {never}
 */
function sell({ discountPercent }) {
  throw new RangeError(`a price of ${100 - discountPercent} cannot be charged`)
}
