// A server over a board of many namespaces, each with a release, to which nobody has written for hours.
import { existsSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const { folder, names, without } =
  /** @type {{ folder: string, names: number, without: 'standing' | undefined }} */ (settings)
const store = fileStore(folder)
const schema = z.object({ size: z.number() })
const queue = Array.from({ length: names }, (_, at) => `idle/${at}`).filter(
  namespace => !existsSync(join(folder, 'public/v1', namespace, 'release.json')),
)
const publish = async () => {
  for (let namespace = queue.pop(); namespace !== undefined; namespace = queue.pop())
    await createPublisher({ namespace, schema, store }).publish(
      { size: 1 },
      { rollout: everyone(), reason: 'the first' },
    )
}
await Promise.all(Array.from({ length: 8 }, publish))
await store.close()
// Hours later: notes of who writes stand for one.
const notes = join(folder, 'private/noted')
for (const name of await readdir(notes).catch(() => [])) await rm(join(notes, name))

const later = fileStore(folder)
const { standing: _, ...oneByOne } = later
const server = await serve(without === 'standing' ? oneByOne : later, {
  port: 0,
  maxConnections: names + 100,
})

answerQuestions({ port: () => server.port, connections: () => server.handler.connections })
