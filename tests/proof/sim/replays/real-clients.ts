import { z } from 'zod'
import { createClient } from '../../../../src/client/client.js'
import type { CompleteStore } from '../../../../src/contracts/transport.js'
import { stateFolder } from '../../../../src/node/state/state-folder.js'
import { createHandler } from '../../../../src/server/handler.js'
import { simDisk } from '../../../../src/sim/disk.js'
import { seededDice } from '../../../../src/sim/dice.js'
import { startProcess, type SimProcess } from '../../../../src/sim/process.js'
import type { VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { pull } from '../../../../src/strategies/pull.js'
import { http } from '../../../../src/transports/http/index.js'
import type { PaperFleet, PaperFleetOptions } from '../../../support/rollouts/paper-fleet.js'
import { digestOfDocument } from '../scenes/rollouts/machine.js'

type RealClientsOptions = Omit<PaperFleetOptions, 'store' | 'clock' | 'labels'> & {
  readonly store: CompleteStore
  readonly clock: VirtualClock
  /**
   * Whether they remember nothing over a restart, so that nothing protects them. Default: they do.
   */
  readonly forgetful?: boolean
}

/** How long until what died is started again, in milliseconds. */
const RESTART_MS = 1_000
const SEED = 11

/**
 * Real clients in simulated processes with disks of their own, which poll a server's handler over
 * HTTP. A document is refused by their schema, ends their process, or cuts off their network.
 */
export function startRealClients(options: RealClientsOptions): Omit<PaperFleet, 'start' | 'stop'> {
  const { store, clock, namespace, clients, lookMs = 5_000, diesAfterMs = 1_000, onRun } = options
  const { effect = () => 'works', forgetful = false } = options
  const handler = createHandler(store, { system: { clock } })
  const ever = new Map<string, Set<string>>()
  const running = new Map<string, string>()
  const closing = new Map<string, { readonly own: SimProcess; close(): Promise<void> }>()
  let isOver = false

  const startMachine = (clientId: string): void => {
    const disk = simDisk(clock, seededDice(SEED, clientId))
    let lives = 0
    let isCut = false
    const live = (): void => {
      if (isOver) return
      lives += 1
      const own = startProcess(`${clientId}.${lives}`, { clock, seed: SEED })
      const client = createClient({
        namespace,
        schema: z
          .object({ pool: z.number() })
          .refine(({ pool }) => effect(digestOfDocument({ pool }), clientId) !== 'rejected'),
        clientId,
        build: '1',
        strategy: pull(
          http('http://board.test', {
            fetch: async (input, init) => {
              if (isCut) throw new TypeError('the network is gone')
              return own.gate(handler.fetch(new Request(input, init)))
            },
            system: own.system,
          }),
          { pollIntervalMs: lookMs },
        ),
        reports: { intervalMs: 60_000 },
        ...(!forgetful && {
          state: stateFolder('/state', { fs: disk.mount(own), owner: own.owner, system: own.system }),
        }),
        system: own.system,
      })
      closing.set(clientId, { own, close: () => client.close() })
      client.ready().catch(() => {})
      client.on('change', ({ running: { digest = '', position } }) => {
        if (!own.alive) return
        running.set(clientId, digest)
        ever.set(digest, (ever.get(digest) ?? new Set()).add(clientId))
        onRun?.({ clientId, digest, sequence: position?.sequence ?? 0 })
        const does = effect(digest, clientId)
        if (does === 'mute') isCut = true
        if (does !== 'dies') return
        own.clock.after(diesAfterMs, () => {
          if (running.get(clientId) !== digest) return
          own.kill()
          running.delete(clientId)
          clock.after(RESTART_MS, live)
        })
      })
    }
    live()
  }
  for (let number = 1; number <= clients; number += 1) startMachine(`client-${number}`)
  return {
    everRan: digest => [...(ever.get(digest) ?? [])],
    runs: digest => [...running].filter(([, runs]) => runs === digest).map(([clientId]) => clientId),
    async close() {
      isOver = true
      for (const { own } of closing.values()) own.kill()
      await handler.close()
    },
  }
}
