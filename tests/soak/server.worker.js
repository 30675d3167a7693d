// A server in a process of its own, which says what it costs. Its settings come as JSON in the first argument.
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { measure } from './measure.js'

/** @type {import('./run-soak.js').ServerSettings} */
const { folder } = JSON.parse(process.argv[2] ?? '{}')
process.on('disconnect', () => process.exit())

// A small cache is full before the first measure.
const server = await serve(fileStore(folder), { heartbeatMs: 1_000, cacheBytes: 16_384, write: false })

process.on('message', () => {
  void measure().then(answer => process.send?.(answer))
})
process.send?.({ type: 'ready', url: server.url })
