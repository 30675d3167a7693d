import { afterEach, expect } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../src/client/client.js'
import type { ClientOptions } from '../../src/client/options.js'
import type { Platform } from '../../src/contracts/system.js'
import type { ClientReport } from '../../src/contracts/report.js'
import type { Refusal, SavedState, StateStorage } from '../../src/contracts/state.js'
import { systemHasher } from '../../src/system/system.js'
import { pull } from '../../src/strategies/pull.js'
import { seededRandom } from '../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../src/sim/virtual-clock.js'
import { namespace, type TestBoard } from '../unit/client/board.js'

export const schema = z.object({
  pool: z.object({ size: z.number().int().min(1).max(1000) }),
  name: z.string().default('unnamed'),
})
export type Config = z.output<typeof schema>

export function testPlatform(
  environment: Record<string, string> = {},
  files: Record<string, string> = {},
): Platform {
  return {
    environment: name => environment[name],
    environmentNames: prefix => Object.keys(environment).filter(name => name.startsWith(prefix)),
    hostName: () => 'host-a',
    readFile(path) {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
      return new TextEncoder().encode(text)
    },
  }
}

/** A state folder in memory, with every saved state kept for looking at. */
export interface MemoryFolder extends StateStorage {
  readonly saved: SavedState[]
  readonly snapshots: Map<string, Uint8Array>
  broken: boolean
}

export function memoryFolder(): MemoryFolder {
  const folder: MemoryFolder = {
    saved: [],
    snapshots: new Map(),
    broken: false,
    clientId: async proposed => proposed,
    async load() {
      return { state: folder.saved.at(-1) ?? { good: [], refused: [] as Refusal[] }, warnings: [] }
    },
    async save({ state }) {
      if (folder.broken) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      folder.saved.push(state)
    },
    readSnapshot: async ({ digest }) => folder.snapshots.get(digest),
    async writeSnapshot({ digest, bytes }) {
      if (folder.broken) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
      folder.snapshots.set(digest, bytes)
    },
  }
  return folder
}

export interface Harness {
  readonly clock: VirtualClock
  readonly client: Client<Config>
  readonly reports: ClientReport[]
  readonly errors: string[]
  readonly logs: string[]
  /** Starts without waiting, lets a second pass. */
  start(): Promise<void>
}

type Options = Omit<Partial<ClientOptions<typeof schema>>, 'ports'> & {
  platform?: Platform
  clock?: VirtualClock
  intervalMs?: number
}

/** A pulling client on a test board under a virtual clock. */
export function harness(
  board: TestBoard,
  { platform = testPlatform(), clock = virtualClock(), intervalMs = 30_000, ...options }: Options = {},
): Harness {
  const reports: ClientReport[] = []
  const errors: string[] = []
  const logs: string[] = []
  const log =
    (level: string) =>
    (message: string, details?: object): void =>
      void logs.push(`${level} ${message} ${JSON.stringify(details ?? {})}`)
  const reporting = {
    ...board.transport,
    report: async (states: readonly ClientReport[]) => {
      if (board.failing !== undefined) throw board.failing
      reports.push(...states)
    },
  }
  const client = createClient({
    namespace,
    schema,
    strategy: pull(reporting, { pollIntervalMs: intervalMs }),
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    ...options,
    system: { clock, random: seededRandom(1), hasher: systemHasher, platform },
  })
  client.on('error', error => errors.push(error.code))
  return {
    clock,
    client,
    reports,
    errors,
    logs,
    async start() {
      client.ready({ timeoutMs: 0 }).catch(() => {})
      await clock.advance(1_000)
    },
  }
}

/**
 * A client that runs the first version of a board, whose pool has the size 1, and looks each
 * second.
 */
export async function runningFirst(
  start: typeof harness,
  board: TestBoard,
  options: Options = {},
): Promise<Harness> {
  board.publish({ pool: { size: 1 } })
  const client = start(board, { intervalMs: 1_000, ...options })
  await client.start()
  await client.clock.advance(5_000)
  return client
}

/**
 * Clients that are closed after each test, which lets that much virtual time pass, and must have
 * left no timer then.
 */
export function closedAfterEach(closingMs: number): typeof harness {
  const open: Harness[] = []
  afterEach(async () => {
    for (const { client, clock } of open.splice(0)) {
      const closing = client.close()
      await clock.advance(closingMs)
      await closing
      expect(clock.pending).toBe(0)
    }
  })
  return (...args) => {
    const made = harness(...args)
    open.push(made)
    return made
  }
}
