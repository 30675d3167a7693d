import type { Client } from '../client/index.js'
import { parseNamespace, type Namespace } from '../contracts/names.js'
import { checkOptions } from '../core/options.js'
import type { Prometheus, PrometheusCounter, PrometheusGauge } from './prometheus.js'

/** What the metrics of a client are made of. */
export interface ClientMetricsOptions<Register> {
  /** The module prom-client. */
  readonly prom: Prometheus<Register>
  /**
   * The namespace of the client: the label by which several clients of one process are told apart.
   */
  readonly namespace: Namespace
  /** Default: the registry of the module. */
  readonly register?: Register
}

/** The metrics of all clients of one registry. */
interface Metrics {
  readonly clients: Map<Namespace, Shown>
  readonly changes: PrometheusCounter
  readonly rejected: PrometheusCounter
  readonly errors: PrometheusCounter
}

/** One call of `clientMetrics()`. */
interface Shown {
  readonly client: Pick<Client<unknown>, 'ageMs' | 'status' | 'running' | 'orphaned'>
}

type Info = Readonly<Record<'version' | 'arm' | 'rollout' | 'origin', string>>

/** By registry, since a metric can be made once in each. */
const made = new WeakMap<object, Metrics>()

/**
 * Shows a client in Prometheus, until it is closed or the function that is returned is called:
 * - `noticeboard_info{namespace,version,arm,rollout,origin}` is 1 for what runs: join it with
 *   metrics of your own to tell the arms of a rollout apart;
 * - `noticeboard_status{namespace,status}` is 1 for the status that holds, and 0 for the others;
 * - `noticeboard_age_seconds{namespace}` is how old the proof is that this is current;
 * - `noticeboard_rollout_orphaned{namespace}` is 1 while nobody has decided about a rollout in its
 *   time, as far as this client knows, and 0 otherwise;
 * - `noticeboard_changes_total`, `noticeboard_rejected_total{code}` and
 *   `noticeboard_errors_total{code}` count events.
 *
 * No label holds a value of the configuration. Throws `invalid-option`.
 *
 * ```ts
 * import * as prom from 'prom-client'
 *
 * const stop = clientMetrics(config, { prom, namespace: 'checkout/prod' })
 * ```
 */
export function clientMetrics<Value, Register extends object>(
  client: Pick<Client<Value>, 'status' | 'ageMs' | 'running' | 'orphaned' | 'on'>,
  options: ClientMetricsOptions<Register>,
): () => void {
  checkOptions('clientMetrics()', options, { prom: true, namespace: true, register: true })
  const { prom, register = prom.register } = options
  const namespace = parseNamespace(options.namespace)
  const metrics = made.get(register) ?? makeMetrics(prom, register)
  made.set(register, metrics)

  const shown = { client }
  metrics.clients.set(namespace, shown)
  const ends = [
    client.on('change', () => metrics.changes.inc({ namespace })),
    client.on('rejected', ({ code }) => metrics.rejected.inc({ namespace, code })),
    client.on('error', ({ code }) => metrics.errors.inc({ namespace, code })),
  ]
  return () => {
    for (const end of ends) end()
    // A client that came after it under the same name stays.
    if (metrics.clients.get(namespace) === shown) metrics.clients.delete(namespace)
  }
}

const STATUSES = ['idle', 'starting', 'ready', 'stale', 'closed'] as const

function makeMetrics<Register extends object>(prom: Prometheus<Register>, register: Register): Metrics {
  const clients: Metrics['clients'] = new Map()
  const gauge = (
    name: string,
    help: string,
    labelNames: string[],
    fill: (gauge: PrometheusGauge, namespace: Namespace, client: Shown['client']) => void,
  ): void => {
    new prom.Gauge({
      name,
      help,
      labelNames: ['namespace', ...labelNames],
      registers: [register],
      collect() {
        this.reset()
        for (const [namespace, { client }] of clients) fill(this, namespace, client)
      },
    })
  }
  const counter = (name: string, help: string, labelNames: string[]): PrometheusCounter =>
    new prom.Counter({ name, help, labelNames: ['namespace', ...labelNames], registers: [register] })

  gauge(
    'noticeboard_info',
    'What runs: 1 for its version, arm, rollout and origin',
    ['version', 'arm', 'rollout', 'origin'],
    (own, namespace, client) => {
      const info = infoOf(client)
      if (info !== undefined) own.set({ namespace, ...info }, 1)
    },
  )
  gauge('noticeboard_status', '1 for the status of the client', ['status'], (own, namespace, client) => {
    for (const status of STATUSES) own.set({ namespace, status }, status === client.status ? 1 : 0)
  })
  gauge(
    'noticeboard_age_seconds',
    'How long ago what runs was known to be current; +Inf before the first proof',
    [],
    (own, namespace, client) => own.set({ namespace }, client.ageMs / 1_000),
  )
  gauge(
    'noticeboard_rollout_orphaned',
    '1 while nobody has decided about a rollout in its time, as far as the client knows',
    [],
    (own, namespace, client) => own.set({ namespace }, client.orphaned === undefined ? 0 : 1),
  )
  return {
    clients,
    changes: counter('noticeboard_changes_total', 'Configurations that came into force', []),
    rejected: counter('noticeboard_rejected_total', 'Configurations that were refused here', ['code']),
    errors: counter('noticeboard_errors_total', 'Looks that failed, and other errors of the client', [
      'code',
    ]),
  }
}

/** What runs, as labels; undefined before the first value. */
function infoOf(client: Shown['client']): Info | undefined {
  try {
    const { version, arm, rolloutId, origin } = client.running
    return { version: version?.toString() ?? '', arm: arm ?? '', rollout: rolloutId ?? '', origin }
  } catch {
    // There is nothing to read before the first value, and `status` says so.
    return undefined
  }
}
