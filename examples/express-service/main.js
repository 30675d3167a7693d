// How the service runs in production: `NOTICEBOARD_URL=http://127.0.0.1:4600 node main.js`
const { createClient, http, hybrid } = require('noticeboard')
const { stateFolder } = require('noticeboard/node')
const { createService, schema } = require('./service.js')
const { version } = require('./package.json')

const {
  NOTICEBOARD_URL = 'http://127.0.0.1:4600',
  PORT = '8080',
  NAME = 'items-1',
  STATE = './state',
} = process.env

/** The server that listens; undefined until then. */
let server

const config = createClient({
  namespace: 'items/prod',
  schema,
  strategy: hybrid(http(NOTICEBOARD_URL)),
  defaults: { limits: { perRequest: 20 } },
  // The same from one start to the next, one for each process of the service: stages go by it.
  clientId: NAME,
  // What ran survives a restart, and what kills the process twice is not tried a third time.
  state: stateFolder(`${STATE}/${NAME}`),
  // A document that kills one build may be fine for the next.
  build: version,
  // With a probe a stage passes after 5 minutes instead of 15.
  health: { probe: () => server?.listening === true },
  logger: console,
})

/** Orderly: the fleet counts this process as stopped, and no longer as missing. */
async function stop() {
  server?.close()
  await config.close()
}

config.ready().then(() => {
  server = createService(config).listen(Number(PORT), () => console.log(`listening on ${PORT}`))
  process.once('SIGTERM', () => void stop())
  process.once('SIGINT', () => void stop())
})
