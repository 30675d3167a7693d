// The board's server, as a process of its own: a folder, and HTTP in front of it.
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'

const { folder, port, token, heartbeatMs } = JSON.parse(process.argv[2] ?? '{}')

// Whoever started this process ends it, also on Ctrl-C; should that one die, this one goes too.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit())

const server = await serve(fileStore(folder), { port, heartbeatMs, write: { token } })
process.send?.({ type: 'ready', port: server.port })
