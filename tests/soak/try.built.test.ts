import { test } from 'vitest'
import { runSoak } from './run-soak.js'
test('try', async () => {
  const t = performance.now()
  const r = await runSoak({ clients: 400, separate: 20, stalled: 10, warmUp: 50, publishes: 300, onProgress: p => p % 50 === 0 && console.log(p, Math.round(performance.now() - t)) })
  console.log(JSON.stringify(r), Math.round(performance.now() - t))
  console.log(r.clients.after.heapBytes / r.clients.before.heapBytes, r.server.after.heapBytes / r.server.before.heapBytes)
}, 280000)
