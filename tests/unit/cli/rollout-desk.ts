import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CommandLineConfig } from '../../../src/cli/config-file.js'
import type { Fetch } from '../../../src/contracts/system.js'
import { createController, type Controller } from '../../../src/controller/index.js'
import type { Release } from '../../../src/core/release/release.js'
import { anything } from '../../../src/core/schema/anything.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { createHandler } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { releasesOf } from '../../support/releases-of.js'
import { startPaperFleet, type Effect } from '../../support/rollouts/paper-fleet.js'
import { commandLine, temporaryFolder, type Ran, type RunOptions } from './command-line.js'

const NAMESPACE = 'checkout/prod'
const TOKEN = 'a-token-for-writing'
const BASE = 'http://board.test'
const MINUTE = 60_000

/** How long everything lasts, unless a test says otherwise. */
export const PERIODS = { bakeMs: MINUTE, reportMs: 20_000, watchMs: MINUTE }

/**
 * A command line before a server with a fleet that runs version 1, all in virtual time.
 */
export interface RolloutDesk {
  readonly clock: VirtualClock
  readonly publisher: Publisher
  /**
   * Runs a command while time passes. `during` is called once its words hold a text; `everywhere`
   * names no namespace.
   */
  nb(
    args: readonly string[],
    options?: Partial<RunOptions> & { readonly during?: During; readonly everywhere?: boolean },
  ): Promise<Ran>
  controller(): Controller
  releases(): Promise<readonly Release[]>
}

/** What is done once a command has said something. */
export interface During {
  readonly says: string
  do(): unknown
}

export interface RolloutDeskOptions {
  /** What version 2 does to a client. */
  readonly effect?: Effect | ((clientId: string) => Effect)
  /** How many clients there are. Default 20. */
  readonly clients?: number
  /** Whether version 1 was published. Default true; else `next.json` is the first document. */
  readonly hasFirst?: boolean
  /** For how long the fleet was heard before, in milliseconds. Default 20 minutes. */
  readonly heardForMs?: number
  /** What the configuration file holds besides. */
  readonly config?: CommandLineConfig
}

/** Opens a {@link RolloutDesk}; the file `next.json` holds the document to publish. */
export async function rolloutDesk({
  effect = 'works',
  clients = 20,
  hasFirst = true,
  heardForMs = 20 * MINUTE,
  config = {},
}: RolloutDeskOptions = {}): Promise<RolloutDesk> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const handler = createHandler(store, { write: { token: TOKEN }, system })
  let asked = 0
  const fetch: Fetch = (url, { method, headers, body, signal }) => {
    asked += 1
    return handler.fetch(new Request(url, { method, headers, signal, ...(body && { body }) }))
  }
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store, system })
  if (hasFirst) await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const first = (await publisher.current())?.digest
  const fleet = startPaperFleet({
    store,
    clock,
    namespace: NAMESPACE,
    clients,
    effect: (digest, clientId) => {
      if (digest === first) return 'works'
      return typeof effect === 'function' ? effect(clientId) : effect
    },
  })
  await store.reports({ namespace: NAMESPACE }, new AbortController().signal)
  await clock.advance(heardForMs)

  const folder = await temporaryFolder()
  await writeFile(join(folder, 'next.json'), '{"pool":2}')
  // The file is code, so that it may hold gates and policies; what it holds is this test's.
  const held = `rolloutDesk${folder.replace(/\W/g, '')}`
  Object.assign(globalThis, { [held]: { rollout: staged(PERIODS), ...config } })
  await writeFile(
    join(folder, 'noticeboard.config.mjs'),
    `export default globalThis[${JSON.stringify(held)}]\n`,
  )
  const env = { NOTICEBOARD_URL: BASE, NOTICEBOARD_TOKEN: TOKEN, NOTICEBOARD_NAMESPACE: NAMESPACE }

  const done = async <T>(work: Promise<T>, hasBegun = (): boolean => true): Promise<T> => {
    let settled = false
    const settle = (): void => void (settled = true)
    work.then(settle, settle)
    while (!settled) {
      // Files and modules are read in real time, while virtual time stands still.
      if (hasBegun() && !readsFiles()) await clock.advance(1_000)
      await new Promise(resolve => setImmediate(resolve))
    }
    return work
  }
  const closing: (() => Promise<unknown>)[] = []
  onTestFinished(async () => {
    delete (globalThis as Record<string, unknown>)[held]
    await done(Promise.all(closing.map(close => close())))
    await done(Promise.all([fleet.close(), publisher.close(), handler.close({ drainMs: 0, graceMs: 0 })]))
  })
  return {
    clock,
    publisher,
    async nb(args, { during, everywhere = false, ...options } = {}) {
      let said = ''
      let isDue = during !== undefined
      const hear = (text: string): void => {
        said += text
        if (!isDue || during === undefined || !said.includes(during.says)) return
        isDue = false
        void during.do()
      }
      const before = asked
      const { NOTICEBOARD_NAMESPACE: _, ...unnamed } = env
      return done(
        commandLine(args, {
          cwd: folder,
          env: everywhere ? unnamed : env,
          system,
          fetch,
          onAside: hear,
          onData: hear,
          ...options,
        }),
        () => asked > before,
      )
    },
    controller() {
      const controller = createController({ store, system, lookMs: 5_000, name: 'the server’s' })
      closing.push(() => controller.close())
      return controller
    },
    releases: () => releasesOf(store, NAMESPACE),
  }
}

/** A file that was read is closed in real time as well. */
function readsFiles(): boolean {
  return process.getActiveResourcesInfo().some(name => name.startsWith('FSReq') || name === 'CloseReq')
}

/**
 * What a terminal shows after so many characters: lines that are drawn again replace themselves.
 */
export function screenOf(text: string): readonly string[] {
  const lines = ['']
  let column = 0
  for (const [piece] of text.matchAll(/\r|\n|\u001b\[K|\u001b\[[0-9;]*m|[^\r\n\u001b]+/g)) {
    const last = lines.length - 1
    const line = lines[last] ?? ''
    if (piece === '\r') column = 0
    else if (piece === '\n') {
      lines.push('')
      column = 0
    } else if (piece === '\u001b[K') lines[last] = line.slice(0, column)
    else if (!piece.startsWith('\u001b')) {
      lines[last] = line.slice(0, column) + piece + line.slice(column + piece.length)
      column += piece.length
    }
  }
  return lines.filter(line => line !== '')
}
