const assert = require('node:assert/strict')
const { readFileSync } = require('node:fs')
const { createClient, createPublisher, everyone, hybrid } = require('noticeboard')
const { fakeClient } = require('noticeboard/testing')
const { memory } = require('noticeboard/transports/memory')
const z = require('zod')

// Every subpath can be required, and what two of them export under one name is one thing.
const subpaths = Object.keys(
  JSON.parse(readFileSync(require.resolve('noticeboard/package.json'), 'utf8')).exports,
)
const seen = new Map()
for (const subpath of subpaths.filter(path => path !== './package.json')) {
  const exported = require('noticeboard' + subpath.slice(1))
  assert.ok(Object.keys(exported).length > 0, subpath)
  for (const [name, value] of Object.entries(exported)) {
    if (typeof value !== 'function') continue
    if (seen.has(name)) assert.equal(value, seen.get(name), `${name} of ${subpath} is a second copy`)
    seen.set(name, value)
  }
}

async function main() {
  const schema = z.object({ pool: z.object({ size: z.number().int().min(1) }) })
  const store = memory()
  const publisher = createPublisher({ namespace: 'shop/prod', schema, store })
  const rollout = await publisher.publish(
    { pool: { size: 20 } },
    { rollout: everyone(), author: 'ann', reason: 'first' },
  )
  await rollout.settled
  const config = await createClient({ namespace: 'shop/prod', schema, strategy: hybrid(store) }).ready()
  assert.equal(config.current.pool.size, 20)
  await config.close()
  await publisher.close()
  assert.equal(fakeClient(schema, { pool: { size: 3 } }).current.pool.size, 3)
}

main().then(() => process.stdout.write('commonjs works\n'))
