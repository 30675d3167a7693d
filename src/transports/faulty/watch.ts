import type { Delivery, WatchQuery } from '../../contracts/transport.js'
import { delayed, type FaultyContext } from './calls.js'
import { whenAborted } from '../../async/signals.js'
import { failureOf, injure } from './draw.js'
import type { Fault } from './plan.js'

type Watch = (query: WatchQuery, signal: AbortSignal) => AsyncIterable<Delivery>

/** A watch that meets faults at each delivery. */
export function faultyWatch(context: FaultyContext, original: Watch): Watch {
  return async function* (query, signal) {
    let behind: Delivery | undefined
    for await (const delivery of original(query, signal)) {
      const faults = context.draw('watch')
      const has = (type: Fault['type']): boolean => faults.some(fault => fault.type === type)
      await delayed(context, faults, signal)
      if (has('stall')) {
        await whenAborted(signal)
        return
      }
      if (!has('drop')) {
        const injured = injuredDelivery(delivery, faults, context)
        if (has('reorder') && behind === undefined) behind = injured
        else {
          yield injured
          if (has('duplicate')) yield injured
          if (behind !== undefined) yield behind
          behind = undefined
        }
      }
      const failure = faults.find(fault => fault.type === 'fail')
      if (failure !== undefined) throw failureOf(context.name, failure)
      if (has('end') || signal.aborted) return
    }
  }
}

function injuredDelivery(delivery: Delivery, faults: readonly Fault[], { random }: FaultyContext): Delivery {
  return delivery.type === 'alive' ? delivery : { ...delivery, bytes: injure(delivery.bytes, faults, random) }
}
