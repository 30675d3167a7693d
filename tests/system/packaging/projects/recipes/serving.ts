import { createPublisher, everyone, httpStore } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import * as z from 'zod'

const schema = z.object({ pool: z.object({ size: z.number() }) })

/** A server with a board of its own, and what publishes to it. */
export async function serving(board: string) {
  const server = await serve(fileStore(board), { tokenFile: `${board}/private/token`, port: 0 })
  const store = httpStore(server.url, { token: server.token })
  const publisher = createPublisher({ namespace: 'checkout/prod', schema, store })
  return {
    url: server.url,
    async publish(size: number): Promise<void> {
      await publisher.publish({ pool: { size } }, { rollout: everyone(), reason: 'a recipe' })
    },
    async close(): Promise<void> {
      await publisher.close()
      await server.close({ drainMs: 0 })
    },
  }
}
