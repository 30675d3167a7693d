import { transform } from 'esbuild'
import { expect, test } from 'vitest'
import { blocksOf } from '../project/page-pieces.js'
import { workspace } from './workspace.js'

test('the policy that the page writes rolls out: its pilots first, then all; and goes back when one refuses', async () => {
  await using user = await workspace()
  const source = blocksOf('docs/rollouts.md', 'ts').find(piece => piece.includes('function pilots')) ?? ''
  const transformed = await transform(source, { loader: 'ts', target: 'es2022' })
  await user.write('pilots.mjs', transformed.code)
  await user.write(
    'main.mjs',
    `
import { createClient, createController, createPublisher, everyone, memory, push } from 'noticeboard'
import * as z from 'zod'
import { pilots } from './pilots.mjs'

const [namespace, schema, store] = ['checkout/prod', z.object({ size: z.number() }), memory()]
const publisher = createPublisher({ namespace, schema, store })
await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'first' })
const ran = []
const clients = await Promise.all(['web-1', 'web-2', 'web-3', 'web-4'].map(clientId => {
  const validators = [{ name: 'fits', validate: ({ size }) => size === 666 ? [{ path: 'size', message: 'too many' }] : [] }]
  const client = createClient({ namespace, schema, clientId, validators, strategy: push(store), soakMs: 300, reports: { batchMs: 20 } })
  client.on('change', ({ current }) => ran.push(clientId + ' runs ' + current.size))
  return client.ready()
}))
const controller = createController({ store, policies: [pilots()], lookMs: 100 })
ran.length = 0
for (const size of [2, 666]) {
  for (;;) {
    try {
      const rollout = await publisher.publish({ size }, { rollout: pilots(['web-3', 'web-1']), reason: 'more' })
      console.log(size, await rollout.settled)
      break
    } catch (error) {
      // The controller says that it is there a moment after its start.
      if (error.code !== 'no-controller') throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}
// A pilot that is not there is waited for, until somebody promotes it.
const waiting = await publisher.publish({ size: 3 }, { rollout: pilots(['web-9']), reason: 'more' })
await publisher.promote({ reason: 'web-9 is gone' })
console.log(3, await waiting.settled)
console.log(ran.slice(0, 2).sort().join(', '))
console.log(clients.map(({ current }) => current.size).join())
await controller.close()
await Promise.all(clients.map(client => client.close()))
await publisher.close()
`,
  )
  const { code, stdout, stderr } = await user.run([process.execPath, 'main.mjs'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toBe('2 completed\n666 rolled-back\n3 completed\nweb-1 runs 2, web-3 runs 2\n3,3,3,3\n')
})
