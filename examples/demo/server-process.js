// The board's server, as a process of its own: a folder, and HTTP in front of it.
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { endWithParent } from './child.js'

const { folder, port, token, heartbeatMs } = JSON.parse(process.argv[2] ?? '{}')

endWithParent()

const server = await listen()
process.send?.({ type: 'ready', port: server.port })

/**
 * At first on a port below those that systems hand out by themselves: while the server is down, no
 * connection of its clients takes it.
 * @returns {Promise<import('noticeboard/server').Server>}
 */
async function listen(tries = 20) {
  const chosen = port === 0 ? 20_000 + Math.floor(10_000 * Math.random()) : port
  try {
    return await serve(fileStore(folder), { port: chosen, heartbeatMs, write: { token } })
  } catch (error) {
    if (port !== 0 || tries === 0) throw error
    return listen(tries - 1)
  }
}
