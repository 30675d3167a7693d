import pg from 'pg'
import type { Store } from '../../../src/contracts/transport.js'
import { decodeRelease, positionOf, releaseDigest } from '../../../src/core/release/release.js'
import { systemHasher } from '../../../src/system/system.js'
import { sampleAfter } from '../../../src/testing/conformance/fixture.js'
import { write } from '../../../src/testing/conformance/store-steps.js'
import { postgres } from '../../../src/transports/postgres/index.js'

/**
 * A publisher that races with others: it appends until the log has that many releases, and says
 * which of them it wrote.
 */
const [port = '', table = '', total = ''] = process.argv.slice(2)
const never = new AbortController().signal
const namespace = 'checkout/prod'
const pool = new pg.Pool({ host: '127.0.0.1', port: Number(port), user: 'postgres', max: 2 })
const store: Store = postgres(pool, { table })

let refused = 0
for (;;) {
  const newest = await store.latest({ namespace }, never)
  const before =
    newest.type === 'release'
      ? { at: positionOf(decodeRelease(newest.bytes).release), bytes: newest.bytes }
      : undefined
  if ((before?.at.sequence ?? 0) >= Number(total)) break
  // Releases of two processes must not be the same bytes.
  const document = { process: process.pid, after: before?.at.sequence ?? 0 }
  const sample = sampleAfter(namespace, before, { document })
  if ((await write(store, sample, never)) === 'taken') refused += 1
  else process.stdout.write(`${sample.at.sequence} ${releaseDigest(systemHasher, sample.bytes)}\n`)
}
process.stdout.write(`refused ${refused}\n`)
await pool.end()
