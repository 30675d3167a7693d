import type { Kind } from '../costs/costs.js'
import type { HttpTransport } from '../../transports/http/index.js'

/**
 * A transport that says what went over it, once it was answered: `onEvent` is called with the kind,
 * and with the time at which a request was made. Wrap each client's own.
 *
 * ```ts
 * const counted = countedTransport(http(url), { nowMs, onEvent: kind => counts.add(kind) })
 * ```
 */
export function countedTransport(
  inner: HttpTransport,
  { nowMs, onEvent }: { readonly nowMs: () => number; readonly onEvent: (kind: Kind, atMs: number) => void },
): HttpTransport {
  const counting = async <Answer>(
    ask: () => Promise<Answer>,
    kindOf: (answer: Answer) => Kind,
  ): Promise<Answer> => {
    const atMs = nowMs()
    const answer = await ask()
    onEvent(kindOf(answer), atMs)
    return answer
  }
  return {
    name: inner.name,
    remote: true,
    latest: (query, signal) =>
      counting(
        () => inner.latest(query, signal),
        ({ type }) => (type === 'unchanged' ? 'unchanged' : 'release'),
      ),
    next: (query, signal) =>
      counting(
        () => inner.next(query, signal),
        () => 'log',
      ),
    snapshot: (query, signal) =>
      counting(
        () => inner.snapshot(query, signal),
        () => 'snapshot',
      ),
    delta: (query, signal) =>
      counting(
        () => inner.delta(query, signal),
        () => 'delta',
      ),
    report: (states, signal) =>
      counting(
        () => inner.report(states, signal),
        () => 'report',
      ),
    async *watch(query, signal) {
      const askedMs = nowMs()
      let opened = false
      let greeted = false
      for await (const delivery of inner.watch(query, signal)) {
        if (!opened) onEvent('connect', askedMs)
        opened = true
        if (delivery.type === 'mark') onEvent('mark', nowMs())
        if (delivery.type === 'release') {
          // The release with which a stream begins is part of opening it; a snapshot beside it is
          // not.
          const brought = (delivery.snapshots ?? []).length > 0
          if (brought || greeted) onEvent(brought ? 'delivery' : 'notice', nowMs())
          greeted = true
        }
        yield delivery
      }
    },
  }
}
