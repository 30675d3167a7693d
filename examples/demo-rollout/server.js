// The board's server, as a process of its own: a folder, HTTP in front of it, and the controller
// that moves rollouts on.
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { endWithParent } from '../demo/child.js'
import { periods } from './periods.js'
import { thresholds } from './thresholds.js'

const { folder, token, without } = JSON.parse(process.argv[2] ?? '{}')

endWithParent()

const { heartbeatMs, lookMs } = periods
const server = await serve(fileStore(folder), {
  heartbeatMs,
  write: { token },
  controller: without !== 'controller' && {
    lookMs,
    ...(without === 'evidence' && { policies: [thresholds(0.05)] }),
  },
})
process.send?.({ type: 'ready', url: server.url })
