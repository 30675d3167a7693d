import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { root } from '../../../scripts/entry-points.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher } from '../../../src/publisher/index.js'
import { everyone } from '../../../src/rollouts/index.js'
import { start } from '../../support/program.js'
import { workspace } from './workspace.js'

/** The port that the page names; nothing else in the tests listens there. */
const PORT = 4600
const LIMIT_MS = 120_000

const never = new AbortController().signal

test(
  'the recipe for node:cluster serves by its workers, whoever of them dies, moves rollouts on, and ends in order',
  { timeout: LIMIT_MS },
  async () => {
    const page = await readFile(join(root, 'docs/operations.md'), 'utf8')
    const [, recipe] = /```ts\n(import cluster from[^`]+)```/.exec(page) ?? []
    const place = await workspace()
    onTestFinished(() => place[Symbol.asyncDispose]())
    const board = join(place.folder, 'board')
    const port = 20_000 + (process.pid % 20_000)
    const program = recipe!.replaceAll('/var/lib/board', board).replace(`${PORT}`, `${port}`)
    await place.write('server.mjs', program)
    const server = start([process.execPath, 'server.mjs'], { cwd: place.folder })
    const isServed = async (): Promise<boolean> => {
      const answer = await fetch(`http://127.0.0.1:${port}/v1/~health`).catch(() => undefined)
      return answer?.status === 200
    }
    await expect.poll(isServed, { timeout: LIMIT_MS }).toBe(true)
    const workers = async (): Promise<readonly number[]> =>
      (await readFile(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8'))
        .split(' ')
        .filter(Boolean)
        .map(Number)
    const store = fileStore(board)
    onTestFinished(() => store.close())
    const namespace = 'recipe'
    const publisher = createPublisher({ namespace, schema: z.object({ pool: z.number() }), store })
    await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
    const controllers = async (): Promise<readonly string[]> =>
      (await store.reports({ namespace }, never)).reports
        .filter(({ role }) => role?.type === 'controller')
        .map(({ instanceId }) => instanceId)
    await expect.poll(controllers, { timeout: LIMIT_MS }).toHaveLength(1)
    const [first] = await workers()
    process.kill(first!, 'SIGKILL')
    await expect
      .poll(async () => (await workers()).filter(pid => pid !== first).length, { timeout: LIMIT_MS })
      .toBe(3)
    // That of the worker that died is still on the board, beside the one in its place.
    await expect.poll(controllers, { timeout: LIMIT_MS }).toHaveLength(2)
    expect(await isServed()).toBe(true)
    server.signal('SIGTERM')
    expect(await server.ended).toBe(0)
  },
)
