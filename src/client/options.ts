import { defaultDeltas } from '#default-deltas'
import { hasMethods } from '../contracts/capabilities.js'
import type { DeepReadonly } from '../contracts/deep-readonly.js'
import type { Deltas } from '../contracts/deltas.js'
import { NoticeboardError } from '../contracts/errors.js'
import { parseNamespace, type Namespace } from '../contracts/names.js'
import type { Logger, System } from '../contracts/system.js'
import type { InputOf, OutputOf, Schema } from '../contracts/schema.js'
import type { StateStorage } from '../contracts/state.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Validator } from '../contracts/validator.js'
import { calmLogger, type CalmLogger } from '../async/calm-logger.js'
import { assertValidators } from '../core/assert-validators.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { assertSchema } from '../core/schema/assert-schema.js'
import { MAX_NEXT_REPORT_MS, MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import { isLine } from '../core/json/text.js'
import { defaultPeriods } from '../core/defaults.js'
import { silentLogger } from '../core/silent-logger.js'
import { readDeltas } from '../core/read-deltas.js'
import { readSystem } from '../system/system.js'
import { boundedStorage, type BoundedStorage } from './state/bounded-storage.js'
import { checkIdentityOptions } from './identity.js'
import { readHealth, type HealthOptions } from './health/probe.js'
import type { Overrides } from './apply/overrides.js'

/** What a client is made of. Only namespace, schema and strategy are needed. */
export interface ClientOptions<S extends Schema> {
  /** The namespace whose configuration this client runs, such as `checkout/prod`. */
  readonly namespace: Namespace
  /** What travels is its input, what `current` gives is its output. */
  readonly schema: S
  /**
   * How configuration reaches this client: `push(…)`, `pull(…)`, `hybrid(…)`, `onDemand(…)` or your
   * own.
   */
  readonly strategy: Strategy
  /**
   * Used when nothing else is there: the schema's input. Checked at start, so that it does not fail
   * on the day it is needed. Default: none; with nothing kept on disk either, `ready()` rejects
   * with `not-ready`.
   */
  readonly defaults?: NoInfer<InputOf<S>>
  /** Rules beyond the schema, asked before a snapshot is applied here. Default: none. */
  readonly validators?: readonly Validator<NoInfer<DeepReadonly<OutputOf<S>>>>[]
  /**
   * Laid over each document before it is validated, and shown in reports:
   * `envOverrides('CHECKOUT_')`. Default: none.
   */
  readonly overrides?: Overrides
  /**
   * Where what ran is found again after a restart: `stateFolder('/var/lib/checkout')`. Default:
   * none, and each start begins with nothing.
   */
  readonly state?: StateStorage
  /**
   * A stable name of this client, of 1 to 256 characters. Default: `NOTICEBOARD_CLIENT_ID`, else the
   * name that the state folder keeps, else the host's name, else a random one.
   */
  readonly clientId?: string
  /**
   * Where this client runs and what it is, for rollouts and variants: `{ region: 'eu' }`. Default:
   * none.
   */
  readonly labels?: Readonly<Record<string, string>>
  /**
   * The application's version. With one, a refusal is remembered over restarts of that version.
   * Default: none.
   */
  readonly build?: string
  /** Default: silent. */
  readonly logger?: Logger
  /** Larger snapshots are refused. Default 1 MiB (1,048,576 bytes). */
  readonly maxSnapshotBytes?: number
  /**
   * What reads deltas, so that a small change of a large document costs little: false takes whole
   * snapshots only, and `zstdDeltas(…)` brings a decoder along, in browsers. Default: the runtime's
   * own where it has one, see `zstdDeltas()`.
   */
  readonly deltas?: Deltas | false
  /** How long a participant may take to prepare, in milliseconds. Default 10,000. */
  readonly prepareTimeoutMs?: number
  /** How long a snapshot must run before it counts as good, in milliseconds. Default 60,000. */
  readonly soakMs?: number
  /**
   * Whether the application is well: a snapshot after which it is not is taken back here. Default:
   * no probe is asked.
   */
  readonly health?: HealthOptions
  /** When this client reports. Default: as its fields say. */
  readonly reports?: ReportTimes
  /**
   * After how long a change that a participant vetoed is tried again, in milliseconds. Default
   * 300,000, plus or minus a fifth.
   */
  readonly vetoRetryMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** When a client reports. */
export interface ReportTimes {
  /**
   * The longest time between two reports, in milliseconds, 3,600,000 at most. Default 300,000, plus
   * or minus a fifth.
   */
  readonly intervalMs?: number
  /** How long changes are gathered before they are reported, in milliseconds. Default 1,000. */
  readonly batchMs?: number
}

/** Options with every default filled in. */
export type Settings<S extends Schema> = System &
  Required<
    Omit<
      ClientOptions<S>,
      | 'system'
      | 'reports'
      | 'health'
      | 'defaults'
      | 'overrides'
      | 'state'
      | 'clientId'
      | 'build'
      | 'logger'
      | 'deltas'
    >
  > & {
    readonly logger: CalmLogger
    readonly reports: Required<ReportTimes>
    readonly health: Required<HealthOptions> | undefined
    /** Undefined where only whole snapshots are taken. */
    readonly deltas: Deltas | undefined
    readonly state?: BoundedStorage
  } & Pick<ClientOptions<S>, 'defaults' | 'overrides' | 'clientId' | 'build'>

/** For the clients that were given no logger, all of them. */
const SILENT: CalmLogger = { ...silentLogger, end() {} }

/** Checks options at the call that gave them. Throws `invalid-option` that names the option. */
export function settle<S extends Schema>(options: ClientOptions<S>): Settings<S> {
  checkOptions('createClient()', options, {
    namespace: true,
    schema: true,
    strategy: true,
    defaults: true,
    validators: true,
    overrides: true,
    state: true,
    clientId: true,
    labels: true,
    build: true,
    logger: true,
    maxSnapshotBytes: true,
    deltas: true,
    prepareTimeoutMs: true,
    soakMs: true,
    health: true,
    reports: true,
    vetoRetryMs: true,
    system: true,
  })
  const {
    system,
    reports,
    maxSnapshotBytes = MAX_SNAPSHOT_BYTES,
    prepareTimeoutMs = 10_000,
    soakMs = 60_000,
    vetoRetryMs = 300_000,
    ...given
  } = options
  const limits = { maxSnapshotBytes, prepareTimeoutMs, soakMs, vetoRetryMs }
  const machine = readSystem('createClient()', system)
  const { state, ...others } = given
  if (state !== undefined && !hasMethods(state, 'clientId', 'load', 'save', 'readSnapshot', 'writeSnapshot'))
    throw new NoticeboardError('invalid-option', 'state must be a storage, such as stateFolder(path)')
  const settings: Settings<S> = {
    validators: [],
    labels: {},
    ...limits,
    ...machine,
    ...others,
    ...(state !== undefined && { state: boundedStorage(state, machine.clock) }),
    reports: readReportTimes(reports),
    deltas: readDeltas('createClient()', given.deltas, defaultDeltas),
    health: given.health === undefined ? undefined : readHealth(given.health),
    logger: given.logger === undefined ? SILENT : calmLogger(given.logger, machine.clock),
    namespace: parseNamespace(given.namespace),
  }
  checkIdentityOptions(settings)
  if (typeof settings.strategy?.deliver !== 'function') {
    throw new NoticeboardError(
      'invalid-option',
      'strategy is missing: give push(…), pull(…), hybrid(…) or an object with deliver()',
    )
  }
  if (!isLine(settings.strategy.name)) {
    throw new NoticeboardError(
      'invalid-option',
      'strategy.name must be a string of 1 to 256 characters; it appears in reports',
    )
  }
  assertSchema(settings.schema)
  assertValidators('createClient()', settings.validators)
  if (settings.overrides !== undefined && !hasMethods(settings.overrides, 'apply'))
    throw new NoticeboardError(
      'invalid-option',
      'overrides must be { name, apply }, such as envOverrides("SHOP_")',
    )
  checkPositive('createClient()', limits)
  return settings
}

function readReportTimes(given: ReportTimes = {}): Required<ReportTimes> {
  checkOptions('the reports of createClient()', given, { intervalMs: true, batchMs: true })
  const { intervalMs = defaultPeriods.reports.intervalMs, batchMs = defaultPeriods.reports.batchMs } = given
  checkPositive('createClient(): reports', { intervalMs, batchMs })
  if (intervalMs > MAX_NEXT_REPORT_MS)
    throw new NoticeboardError(
      'invalid-option',
      `createClient(): reports.intervalMs must be ${MAX_NEXT_REPORT_MS} (an hour) at most`,
    )
  return { intervalMs, batchMs }
}
