import { settlesWithin } from '../../async/deadline.js'
import type { Clock } from '../../contracts/system.js'
import type { WorkerChannel } from './crew.js'

/** What the workers' processes measure of themselves. */
export interface Measures {
  /** A worker has come; the returned function says that it is gone. */
  join(channel: WorkerChannel): () => void
  /**
   * The metrics of each, in the form of prom-client's `getMetricsAsJSON`; without those that do not
   * answer in time.
   */
  all(this: void): Promise<readonly (readonly object[])[]>
}

/** How long a scrape waits for a worker, in milliseconds. */
const ANSWER_MS = 1_000

/** Asks workers for their metrics, when somebody wants them. */
export function createMeasures(clock: Clock): Measures {
  const channels = new Set<WorkerChannel>()
  const asked = new Map<number, (metrics: readonly object[]) => void>()
  let count = 0

  const measure = async (channel: WorkerChannel): Promise<readonly object[]> => {
    count += 1
    const id = count
    let found: readonly object[] = []
    const answered = new Promise<void>(resolve => {
      asked.set(id, metrics => {
        found = metrics
        resolve()
      })
    })
    void channel.send({ type: 'measure', id })
    await settlesWithin(answered, { clock, timeoutMs: ANSWER_MS })
    asked.delete(id)
    return found
  }

  return {
    join(channel) {
      channels.add(channel)
      const leave = channel.listen(message => {
        if (message.type === 'measured') asked.get(message.id)?.(message.metrics)
      })
      return () => {
        leave()
        channels.delete(channel)
      }
    },
    all: () => Promise.all([...channels].map(measure)),
  }
}
