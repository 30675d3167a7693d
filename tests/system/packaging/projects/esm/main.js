import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import {
  NoticeboardError,
  createClient,
  createPublisher,
  everyone,
  hybrid,
  isNoticeboardError,
} from 'noticeboard'
import * as core from 'noticeboard/core'
import * as node from 'noticeboard/node'
import * as server from 'noticeboard/server'
import { fakeClient } from 'noticeboard/testing'
import * as cached from 'noticeboard/transports/cached'
import * as documents from 'noticeboard/transports/source'
import * as fallback from 'noticeboard/transports/fallback'
import * as http from 'noticeboard/transports/http'
import { memory } from 'noticeboard/transports/memory'
import * as z from 'zod'

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
for (const module of [core, node, server, cached, documents, fallback, http])
  assert.ok(Object.keys(module).length > 0)

// The class keeps its name through the build, and the two builds recognise each other's errors.
const require = createRequire(import.meta.url)
const commonjs = require('noticeboard')
assert.equal(NoticeboardError.name, 'NoticeboardError')
assert.equal(commonjs.NoticeboardError.name, 'NoticeboardError')
assert.notEqual(commonjs.NoticeboardError, NoticeboardError)
assert.ok(isNoticeboardError(new commonjs.NoticeboardError('closed', 'gone')))
assert.ok(commonjs.isNoticeboardError(new NoticeboardError('closed', 'gone')))
process.stdout.write('esm works\n')
