import { test } from 'vitest'
import { runSoak } from './run-soak.js'
test('try', async () => {
  const t = performance.now()
  const r = await runSoak({ clients: 200, separate: 20, stalled: 10, warmUp: 30, publishes: 200, onProgress: p => p % 20 === 0 && console.log(p, Math.round(performance.now() - t)) })
  console.log(JSON.stringify(r, null, 1), Math.round(performance.now() - t))
  console.log(r.clients.after.heapBytes / r.clients.before.heapBytes, r.server.after.heapBytes / r.server.before.heapBytes)
}, 280000)
