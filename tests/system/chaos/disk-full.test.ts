import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createClient } from '../../../src/client/index.js'
import type { Schema } from '../../../src/contracts/schema.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { serve } from '../../../src/server/serve.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { fill, smallDisk } from '../../support/small-disk.js'

const namespace = 'full/prod'
const TOKEN = 'a-token-for-writing'
const schema: Schema<{ n: number }> = {
  '~standard': { version: 1, vendor: 'chaos', validate: value => ({ value: value as { n: number } }) },
}

test('a server on a full disk refuses a publish in words, goes on serving, and takes a rollback that its clients follow', async context => {
  const folder = await smallDisk(context)
  const store = fileStore(join(folder, 'board'))
  onTestFinished(() => store.close?.())
  const server = await serve(store, { write: { token: TOKEN }, heartbeatMs: 500 })
  onTestFinished(() => server.close({ drainMs: 0, graceMs: 100 }))
  const publisher = createPublisher({
    namespace,
    schema,
    store: httpStore(server.url, { token: TOKEN }),
    retries: 0,
  })
  onTestFinished(() => publisher.close())
  const client = createClient({ namespace, schema, strategy: hybrid(http(server.url)) })
  onTestFinished(() => client.close())
  const runs = (n: number): Promise<void> =>
    new Promise(resolve => {
      const off = client.on('change', ({ current }) => {
        if (current.n === n) {
          off()
          resolve()
        }
      })
      if (client.status === 'ready' && client.current.n === n) {
        off()
        resolve()
      }
    })

  await publisher.publish({ n: 1 }, { rollout: everyone(), reason: 'first' })
  await publisher.publish({ n: 2 }, { rollout: everyone(), reason: 'second' })
  await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  await runs(2)
  const ballast = join(folder, 'ballast')
  await fill(ballast)
  expect((await statfs(folder)).bavail).toBe(0)

  await expect(publisher.publish({ n: 3 }, { rollout: everyone(), reason: 'third' })).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(await publisher.current()).toMatchObject({ document: { n: 2 } })
  await client.refresh()
  expect(client.current).toEqual({ n: 2 })

  const rolledBack = runs(1)
  await publisher.rollback({ reason: 'back' })
  await rolledBack

  await rm(ballast)
  const again = runs(4)
  await publisher.publish({ n: 4 }, { rollout: everyone(), reason: 'room again' })
  await again
})
