import type { ClientReport } from '../../contracts/report.js'
import { jsonBytes } from '../../core/report/fit-report.js'
import { addressOf, type Voice } from '../../fleet/voice.js'
import { REPORTS_A_MESSAGE, type SpokenReport } from './messages.js'

/** Reports that wait to be handed over to another process, or are on their way there. */
export interface Outbox {
  /** Takes a report; false where whoever brings it has as much on its way as there is room left. */
  add(report: ClientReport, voice: Voice): boolean
  /** What waits longest, as many as go in one message; none where nothing waits. */
  next(): readonly SpokenReport[]
  /** Those are with the other process. */
  arrived(reports: readonly SpokenReport[]): void
}

/** What a report takes beside its texts, in bytes. */
const ENTRY_BYTES = 400

/**
 * Makes a queue of 32 MiB unless `maxBytes` is given. What comes faster than the other process
 * takes it is left out, and the next word of its client repairs it; nobody may fill more than what
 * is left, so that one address that floods it leaves half of it to all others, and two a third.
 *
 * ```ts
 * const outbox = createOutbox()
 * if (!outbox.add(report, { type: 'stranger', address: '192.0.2.7' })) return 'no-room'
 * ```
 */
export function createOutbox({ maxBytes = 33_554_432 }: { readonly maxBytes?: number } = {}): Outbox {
  const byVoice = new Map<string, number>()
  const bytesOf = new WeakMap<SpokenReport, number>()
  let waiting: SpokenReport[] = []
  let sum = 0

  const count = (voice: string, bytes: number): void => {
    sum += bytes
    const own = (byVoice.get(voice) ?? 0) + bytes
    if (own > 0) byVoice.set(voice, own)
    else byVoice.delete(voice)
  }

  return {
    add(report, voice) {
      const bytes = jsonBytes(report) + ENTRY_BYTES
      const own = byVoice.get(addressOf(voice)) ?? 0
      if (own + bytes > maxBytes - sum) return false
      const spoken: SpokenReport = { report, ...(voice.type === 'stranger' && { address: voice.address }) }
      bytesOf.set(spoken, bytes)
      count(addressOf(voice), bytes)
      waiting.push(spoken)
      return true
    },
    next() {
      const some = waiting.slice(0, REPORTS_A_MESSAGE)
      waiting = waiting.slice(REPORTS_A_MESSAGE)
      return some
    },
    arrived(reports) {
      for (const spoken of reports) count(spoken.address ?? '', -(bytesOf.get(spoken) ?? 0))
    },
  }
}
