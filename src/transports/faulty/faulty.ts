import type { System } from '../../contracts/system.js'
import type { Mirror, NoticeTransport, Store, Transport, WatchTransport } from '../../contracts/transport.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { checkPlan } from './check-plan.js'
import { faultyCall, faultyHistory, type FaultyContext } from './calls.js'
import { createDraw } from './draw.js'
import type { FaultPlan, FaultyCall } from './plan.js'
import { faultyWatch } from './watch.js'

/** Time and chance of the faults. */
export interface FaultyOptions {
  /**
   * Its `random` draws the faults: with `seededRandom(seed)` of `noticeboard/testing` the same
   * calls meet the same ones. Its `clock` keeps the time of delays. Default: the machine's.
   */
  readonly system?: Partial<System>
}

const answered: readonly FaultyCall[] = [
  'latest',
  'snapshot',
  'delta',
  'next',
  'report',
  'put',
  'announce',
  'append',
  'reports',
  'schema',
  'putSchema',
  'remove',
]

/**
 * Injures a transport, a store, a mirror or what only notifies on purpose: calls fail, come late,
 * twice or not at all; bytes are cut and changed; watches lose, repeat and swap deliveries, or go
 * silent. What goes wrong is data; see {@link FaultPlan}. The result has the capabilities of what
 * is within, and all else of it as it was. Throws `invalid-option` when the plan makes no sense.
 *
 * ```ts
 * const shaky = faulty(memory(), { faults: [{ on: 'latest', type: 'fail', chance: 0.3 }] })
 * ```
 */
export function faulty<Given extends Transport | NoticeTransport | Mirror>(
  given: Given,
  plan: FaultPlan,
  options: FaultyOptions = {},
): Given {
  checkOptions('faulty()', options, { system: true })
  const { random, clock } = readSystem('faulty()', options.system)
  checkPlan(plan)
  const context: FaultyContext = {
    name: `faulty ${given.name}`,
    draw: createDraw(plan, random),
    clock,
    random,
  }
  const within = given as Given & Partial<Store & WatchTransport & Mirror>

  const result: Record<PropertyKey, unknown> = { ...given, name: context.name }
  for (const name of ['unmanaged', 'remote', 'durability', 'maxSnapshotBytes'] as const) {
    // Also where what is given has them by inheritance, and as they are then: a store may learn
    // what it can promise.
    if (within[name] !== undefined)
      Object.defineProperty(result, name, { enumerable: true, get: () => within[name] })
  }
  for (const call of answered) {
    const original = (within as unknown as Record<string, unknown>)[call]
    if (typeof original === 'function')
      result[call] = faultyCall(
        context,
        call,
        (query, signal) => original.call(given, query, signal) as Promise<unknown>,
      )
  }
  if (within.namespaces !== undefined) {
    const namespaces = faultyCall(context, 'namespaces', async (_, signal) => within.namespaces?.(signal))
    result['namespaces'] = (signal: AbortSignal) => namespaces(undefined, signal)
  }
  if (within.history !== undefined)
    result['history'] = faultyHistory(context, (query, signal) =>
      (given as unknown as Store).history(query as never, signal),
    )
  if (within.watch !== undefined)
    result['watch'] = faultyWatch(context, (query, signal) =>
      (given as unknown as WatchTransport).watch(query, signal),
    )
  return result as unknown as Given
}
