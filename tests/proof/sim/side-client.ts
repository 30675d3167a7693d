import { createClient, type Client } from '../../../src/client/client.js'
import type { ClientOptions } from '../../../src/client/options.js'
import { comparePositions, formatPosition, type Position } from '../../../src/contracts/position.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import type { SimProcess } from '../../../src/sim/process.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { pull } from '../../../src/strategies/pull.js'
import { push } from '../../../src/strategies/push.js'
import type { HttpTransport } from '../../../src/transports/http/http.js'
import { schema, type Document } from './builds.js'
import { PERIODS, SIDE } from './periods.js'
import type { StrategyName } from './plan.js'
import { runningOf } from './running-of.js'
import { loggerOf } from './values.js'
import type { World } from './world.js'

/**
 * A second client of a process: another namespace over the same transport, with the same state
 * folder.
 */
export interface SideClient {
  readonly client: Client<Document>
  /** What it lacks that does not run what was acknowledged last. */
  behind(): string | undefined
}

/** Starts it. What its documents are is judged as they come into force. */
export function startSide(
  world: World,
  {
    own,
    transport,
    strategy,
    options,
  }: {
    readonly own: SimProcess
    readonly transport: HttpTransport
    readonly strategy: StrategyName
    readonly options: Pick<ClientOptions<typeof schema>, 'clientId' | 'labels' | 'build' | 'state'>
  },
): SideClient {
  const { side: truth, trace, sometimes } = world
  const { intervalMs: pollIntervalMs, sweepIntervalMs, retryCapMs: capMs, timeoutMs } = PERIODS
  const times = { pollIntervalMs, sweepIntervalMs, backoff: { capMs }, timeoutMs }
  const client = createClient({
    namespace: SIDE,
    schema,
    strategy:
      strategy === 'pull'
        ? pull(transport, times)
        : strategy === 'push'
          ? push(transport, times)
          : hybrid(transport, times),
    ...options,
    logger: loggerOf(world, own.name),
    system: own.system,
  })
  let last: Position | undefined
  client.on('change', ({ current, running: { digest, position } }) => {
    if (!own.alive || digest === undefined || position === undefined) return
    trace.add(own.name, 'runs beside', `${digest.slice(0, 12)} ${formatPosition(position)}`)
    sometimes.add('a process followed two namespaces')
    if (truth.documentOf(digest) !== canonicalize(current))
      truth.violate('only-what-was-published', `${own.name} runs in ${SIDE} what was not published there`)
    if (last !== undefined && comparePositions(position, last) === 'older')
      truth.violate('positions-only-grow', `${own.name} went back in ${SIDE} to ${formatPosition(position)}`)
    last = position
  })
  client.ready({ timeoutMs: 1_000 }).catch(() => {})

  return {
    client,
    behind() {
      const newest = truth.newestAcknowledged
      if (newest === undefined || !own.alive) return undefined
      const runs = runningOf(client)?.position
      if (runs !== undefined && comparePositions(newest, runs) !== 'newer') return undefined
      return `${own.name} (${strategy}) runs ${runs === undefined ? 'nothing' : formatPosition(runs)} in ${SIDE}, and ${formatPosition(newest)} is the newest`
    },
  }
}
