// A server in a process of its own, over a board in a folder. Says on which port; settings come as
// JSON in the first argument.
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'

/** @type {import('./processes.js').ServerSettings} */
const { folder, heartbeatMs, pollIntervalMs } = JSON.parse(process.argv[2] ?? '{}')

process.stdin.on('end', () => process.exit()).resume()

const server = await serve(fileStore(folder, { pollIntervalMs }), {
  heartbeatMs,
  pollIntervalMs,
  write: false,
})
process.stdout.write(`${JSON.stringify({ port: server.port })}\n`)
