import { createClient, createPublisher, everyone, hybrid } from 'noticeboard'
import { canonicalize, createBackoff } from 'noticeboard/core'
import { cached } from 'noticeboard/transports/cached'
import { fromSource } from 'noticeboard/transports/source'
import { fallback } from 'noticeboard/transports/fallback'
import { http } from 'noticeboard/transports/http'
import { memory } from 'noticeboard/transports/memory'
import * as z from 'zod'

/** Returns what a client read, without anything of Node around. */
export async function main() {
  const schema = z.object({ pool: z.object({ size: z.number() }) })
  const store = memory()
  const publisher = createPublisher({ namespace: 'shop/prod', schema, store })
  const rollout = await publisher.publish(
    { pool: { size: 20 } },
    { rollout: everyone(), author: 'ann', reason: 'first' },
  )
  await rollout.settled
  const config = await createClient({ namespace: 'shop/prod', schema, strategy: hybrid(store) }).ready()
  const { size } = config.current.pool
  await config.close()
  const functions = [cached, fromSource, fallback, http, canonicalize, createBackoff]
  return { size, functions: functions.map(value => typeof value) }
}
