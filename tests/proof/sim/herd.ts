import type { Transport } from '../../../src/contracts/transport.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { pull } from '../../../src/strategies/pull.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { sessionOf } from '../../support/session.js'
import type { Violate } from './truth.js'

const SIZE = 80
const INTERVAL_MS = 30_000
const CAP_MS = 30_000

/**
 * Line 19 over a bigger fleet of light clients: everybody starts at once and polls for a while,
 * then the server is away until the delays are at their cap. Asks are counted in ten parts of an
 * interval; chance alone keeps each below twice the mean.
 */
export async function runHerd(seed: number, violate: Violate): Promise<void> {
  const clock = virtualClock({ turns: 1 })
  const ends: AbortController[] = []
  const asked: number[] = []
  let down = false
  const transport: Transport = {
    name: 'herd',
    async latest() {
      asked.push(clock.monotonic())
      if (down) throw new NoticeboardError('unavailable', 'away')
      return { type: 'unchanged' }
    },
    snapshot: () => Promise.reject(new NoticeboardError('not-found', 'none')),
  }
  const start = async (name: string, index: number): Promise<void> => {
    const end = new AbortController()
    ends.push(end)
    const session = sessionOf({
      clock,
      signal: end.signal,
      clientId: `${name}-${seed}-${index}`,
      seed: seed * 1_000 + index,
    })
    for await (const _arrival of pull(transport, {
      pollIntervalMs: INTERVAL_MS,
      backoff: { capMs: CAP_MS },
      sweepIntervalMs: 300_000,
    }).deliver(session));
  }
  const group = (name: string): Promise<void>[] =>
    Array.from({ length: SIZE }, (_, index) => start(name, index))
  const running = group('web')
  const judge = (what: string, fromMs: number, toMs: number): void => {
    const parts = new Map<number, number>()
    const within = asked.filter(atMs => atMs >= fromMs && atMs < toMs)
    for (const atMs of within) {
      const part = Math.floor((atMs - fromMs) / 3_000)
      parts.set(part, (parts.get(part) ?? 0) + 1)
    }
    const mean = within.length / ((toMs - fromMs) / 3_000)
    const most = Math.max(0, ...parts.values())
    if (most > 2.5 * mean + 5)
      violate(
        'the-load-is-spread',
        `${what}: ${most} of ${SIZE} clients asked within 3 s, and ${mean.toFixed(1)} do in the mean`,
      )
  }
  await clock.advance(150_000)
  judge('steady polls', 60_000, 150_000)
  down = true
  // Who starts in an outage starts in step with the others.
  running.push(...group('job'))
  await clock.advance(300_000)
  judge('retries in an outage', 300_000, 450_000)
  for (const end of ends) end.abort()
  await clock.advance(1_000)
  await Promise.all(running)
}
