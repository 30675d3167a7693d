import type { Namespace } from '../contracts/names.js'
import type { Logger, System } from '../contracts/system.js'
import type { Mirror, Store } from '../contracts/transport.js'
import type { OptionNames } from '../core/options.js'
import type { Gate, RolloutPolicy } from '../publisher/index.js'
import type { RolloutListener } from './listener.js'

/** What a controller is made of. The store is needed. */
export interface ControllerOptions {
  /** Where the releases and the reports are. The controller does not close it. */
  readonly store: Store
  /** Which namespaces it looks after. Default: all that the store names. */
  readonly namespaces?: readonly Namespace[]
  /** Policies of your own, beside the library's. Default: none. */
  readonly policies?: readonly RolloutPolicy[]
  /**
   * What rollouts ask before they go on: those that a plan names by the same name. Default: none.
   */
  readonly gates?: readonly Gate[]
  /**
   * Mirrors, which are brought to each newest release, whoever wrote it. One that failed is tried
   * again with backoff, at most half a minute apart, and one that arrived after its `repeatMs`, if
   * it has one. Default: none.
   */
  readonly mirrors?: readonly Mirror[]
  /**
   * Told of each move of each rollout, whoever made it, as it sees them; none holds a rollout up.
   * Default: none.
   */
  readonly listeners?: readonly RolloutListener[]
  /** Names it in releases, reports and the history. Default `controller`. */
  readonly name?: string
  /**
   * How often it looks at a rollout that goes on, in milliseconds, and with mirrors at every
   * namespace. Default 2,000; at others five times as seldom.
   */
  readonly lookMs?: number
  /** How often it says that it is there, in milliseconds. Default 60,000. */
  readonly reportMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
  /** Default: silent. */
  readonly logger?: Logger
}

export const CONTROLLER_OPTIONS: OptionNames<ControllerOptions> = {
  store: true,
  namespaces: true,
  policies: true,
  gates: true,
  mirrors: true,
  listeners: true,
  name: true,
  lookMs: true,
  reportMs: true,
  system: true,
  logger: true,
}
