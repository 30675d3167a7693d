import {
  createClient,
  createPublisher,
  everyone,
  hybrid,
  isNoticeboardError,
  onDemand,
  pull,
  push,
} from 'noticeboard'
import * as core from 'noticeboard/core'
import * as node from 'noticeboard/node'
import * as server from 'noticeboard/server'
import { fakeClient } from 'noticeboard/testing'
import * as cached from 'noticeboard/transports/cached'
import * as documents from 'noticeboard/transports/source'
import * as fallback from 'noticeboard/transports/fallback'
import { http } from 'noticeboard/transports/http'
import { memory } from 'noticeboard/transports/memory'
import * as z from 'zod'

const schema = z.object({ pool: z.object({ size: z.number().int().min(1) }) })

async function main(): Promise<void> {
  const store = memory()
  const publisher = createPublisher({ namespace: 'shop/prod', schema, store })
  const rollout = await publisher.publish(
    { pool: { size: 20 } },
    { rollout: everyone(), author: 'ann', reason: 'first' },
  )
  await rollout.settled
  const config = await createClient({ namespace: 'shop/prod', schema, strategy: hybrid(store) }).ready()
  // The value has the schema's type, and may not be written to.
  const size: number = config.current.pool.size
  // @ts-expect-error the schema knows no such key
  void config.current.poll
  // @ts-expect-error read-only
  void (() => (config.current.pool.size = 3))
  const whole: z.infer<typeof schema> = config.current
  void whole
  if (size !== 20) throw new Error('the client read ' + size)
  await config.close()

  const fake = fakeClient(schema, { pool: { size: 3 } })
  fake.set({ pool: { size: 4 } })
  if (isNoticeboardError(new Error('no'))) throw new Error('a plain error is not ours')
}

/** What the compiler refuses. */
export function mistakes(): void {
  // @ts-expect-error the schema wants a number
  fakeClient(schema, { pool: { size: 'many' } })
  // @ts-expect-error a publisher says how a version spreads, and why
  void createPublisher({ namespace: 'shop/prod', schema, store: memory() }).publish({ pool: { size: 1 } })
}

/** Every strategy over the default transport; and every entry point has types. */
export const strategies = [pull, push, hybrid, onDemand].map(strategy => strategy(http('http://localhost:1')))
export type Modules = [
  typeof core,
  typeof node,
  typeof server,
  typeof cached,
  typeof documents,
  typeof fallback,
]

main().then(
  () => process.stdout.write('typescript works\n'),
  (error: unknown) => {
    process.stderr.write(String(error) + '\n')
    process.exitCode = 1
  },
)
