import { createController, type Controller } from '../../../../../src/controller/index.js'
import type { CompleteStore } from '../../../../../src/contracts/transport.js'
import { startProcess, type SimProcess } from '../../../../../src/sim/process.js'
import type { SceneStage } from '../scene.js'
import type { Gates } from './gates.js'
import { ROLLED } from './machine.js'
import { layWire, type Wire } from './wire.js'

/** How often a controller looks, in milliseconds. */
export const LOOK_MS = 1_000

/** A machine on which a controller runs. */
export interface ControllerActor {
  readonly name: string
  readonly controller: Controller | undefined
  readonly process: SimProcess | undefined
  readonly wire: Wire | undefined
  /** The gates that it cannot ask. */
  readonly lacks: readonly string[]
  /** When it was started, resumed or mended last. */
  readonly sinceMs: number
  /** Whether nothing keeps it from looking. */
  readonly isWell: boolean
  start(): void
  kill(): void
  pause(): void
  resume(): void
  cut(): void
  mend(): void
  close(): Promise<void>
}

/** What a controller is. */
export interface ControllerPlan {
  readonly name: string
  /** It runs in the server, and there is no wire between. */
  readonly isHosted: boolean
  readonly gates: Gates
  readonly lacks: readonly string[]
}

/** Makes a machine for a controller. One that a server hosts has no wire that could be cut. */
export function controllerActor(
  { clock, seed, note }: SceneStage,
  store: CompleteStore,
  { name, isHosted, gates, lacks }: ControllerPlan,
): ControllerActor {
  let lives = 0
  let process: SimProcess | undefined
  let controller: Controller | undefined
  let wire: Wire | undefined
  let cut = false
  let sinceMs = 0
  const begin = (): void => void (sinceMs = clock.monotonic())
  const actor: ControllerActor = {
    name,
    lacks,
    get controller() {
      return controller
    },
    get process() {
      return process
    },
    get wire() {
      return wire
    },
    get sinceMs() {
      return sinceMs
    },
    get isWell() {
      return process?.running === true && !cut
    },
    start() {
      lives += 1
      const own = startProcess(`${name}.${lives}`, { clock, seed })
      process = own
      wire = layWire(store, { own, nowMs: () => clock.monotonic() })
      if (cut) wire.cut()
      controller = createController({
        store: wire.store,
        namespaces: [ROLLED],
        name,
        gates: gates.of(own, lacks),
        lookMs: LOOK_MS,
        reportMs: 5_000,
        system: own.system,
      })
      begin()
      note(`${own.name} starts`)
    },
    kill() {
      process?.kill()
      note(`${name} is killed`)
    },
    pause: () => process?.pause(),
    resume() {
      process?.resume()
      begin()
    },
    cut() {
      if (isHosted) return
      cut = true
      wire?.cut()
    },
    mend() {
      cut = false
      wire?.mend()
      begin()
    },
    async close() {
      await controller?.close()
      process?.kill()
    },
  }
  return actor
}
