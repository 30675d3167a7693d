import { chmod, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import * as z from 'zod'
import { createClient, type Client } from '../../../src/client/client.js'
import type { Clock, Fs } from '../../../src/contracts/system.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { nodeFs } from '../../../src/node/disk/node-fs.js'
import { systemClock } from '../../../src/system/system.js'
import { createPublisher } from '../../../src/publisher/publisher.js'
import { everyone } from '../../../src/rollouts/everyone.js'
import { pull } from '../../../src/strategies/pull.js'
import { http } from '../../../src/transports/http/http.js'

export const namespace = 'checkout/prod'
export const schema = z.object({ step: z.number().int() })
type Config = z.output<typeof schema>

/** A folder that other users may enter, as a web server has to. */
export async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'noticeboard-board-'))
  await chmod(path, 0o755)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

export interface BoardOptions {
  /**
   * `standing`: everything is published within one second, however long it takes. Such a second is
   * the hard case for web servers and rsync, which tell files apart by whole seconds and size.
   */
  readonly time?: 'running' | 'standing'
  /** `same-second`: as if the store took no care of the times of its files. */
  readonly touch?: 'careful' | 'same-second'
}

/**
 * A board in a folder, and somebody who publishes to it. Documents and releases with `step` of one
 * length have one length.
 */
export function board(folder: string, { time = 'running', touch = 'careful' }: BoardOptions = {}) {
  const startedMs = systemClock.now()
  const clock: Clock = time === 'running' ? systemClock : { ...systemClock, now: () => startedMs }
  // As the store's own disk: readable for others.
  const machine = nodeFs({ fileMode: 0o644, folderMode: 0o755 })
  const second = Math.floor(startedMs / 1_000) * 1_000
  const careless: Fs = { ...machine, touch: path => machine.touch(path, second) }
  const store = fileStore(folder, { system: { clock }, ...(touch === 'same-second' && { fs: careless }) })
  const publisher = createPublisher({ namespace, schema, store, system: { clock }, author: 'test' })
  return {
    publicFolder: join(folder, 'public'),
    async publish(step: number): Promise<void> {
      await publisher.publish({ step }, { rollout: everyone(), reason: `step` })
    },
    /**
     * The bytes of the pointer: two of one length in one second are what a web server takes for the
     * same.
     */
    async pointerBytes(): Promise<number> {
      return (await stat(join(folder, 'public/v1', namespace, 'release.json'))).size
    },
    async [Symbol.asyncDispose]() {
      await publisher.close()
      await store.close()
    },
  }
}

/** A client that polls a static board, and what happened to it. */
export interface Reader extends AsyncDisposable {
  readonly client: Client<Config>
  /** Every value that ran, in order. */
  readonly steps: readonly number[]
  /** The sequence of each. */
  readonly sequences: readonly number[]
  /** What it refused. */
  readonly rejected: readonly string[]
  /** Codes of what failed on the way. */
  readonly failures: readonly string[]
}

/** Starts clients that poll often, and sweep only when asked to. */
export async function readers(url: string, count: number): Promise<readonly Reader[] & AsyncDisposable> {
  const transport = http(url)
  const all = await Promise.all(Array.from({ length: count }, (_, index) => reader(index)))
  return Object.assign(all, {
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map(one => one[Symbol.asyncDispose]()))
    },
  })

  async function reader(index: number): Promise<Reader> {
    const client = createClient({
      namespace,
      schema,
      clientId: `reader-${index}`,
      strategy: pull(transport, { pollIntervalMs: 50, backoff: { baseMs: 50, capMs: 200 } }),
    })
    const steps: number[] = []
    const sequences: number[] = []
    const rejected: string[] = []
    const failures: string[] = []
    client.on('change', ({ current, running }) => {
      steps.push(current.step)
      sequences.push(running.position?.sequence ?? 0)
    })
    client.on('rejected', ({ code }) => rejected.push(code))
    client.on('error', ({ code }) => failures.push(code))
    await client.ready({ timeoutMs: 10_000 })
    return { client, steps, sequences, rejected, failures, [Symbol.asyncDispose]: () => client.close() }
  }
}

/** Waits until something holds, for as long as a slow machine may need. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitFor(
    async () => {
      if (!(await holds())) throw new Error(`not yet: ${what}`)
    },
    { timeout: 90_000, interval: 20 },
  )
}
