import type { ClientReport } from '../contracts/report.js'
import { byCodeUnit } from '../core/json/canonical.js'
import { MAX_NEXT_REPORT_MS } from '../core/limits.js'
import { standingOf, type Standing } from './standing.js'

type Stamped = Pick<ClientReport, 'phase' | 'nextReportWithinMs' | 'firstHeardAt'> & {
  readonly receivedAt: string
}

const RANK: Readonly<Record<Standing, number>> = { stopped: 0, newcomer: 1, settled: 2, vouched: 3 }

/**
 * Words in the order in which they are forgotten where there is no room for all: those of instances
 * that stopped, then of those that were heard for less than three periods, then the others; of each
 * the one that was heard longest ago first.
 *
 * ```ts
 * for (const word of firstToForget(words).slice(0, excess)) forget(word)
 * ```
 */
export function firstToForget<Word extends Stamped>(words: Iterable<Word>): readonly Word[] {
  return Array.from(words, word => ({ word, rank: rankOf(word) }))
    .sort((a, b) => a.rank - b.rank || byCodeUnit(a.word.receivedAt, b.word.receivedAt))
    .map(({ word }) => word)
}

function rankOf({ phase, nextReportWithinMs, receivedAt, firstHeardAt = receivedAt }: Stamped): number {
  return RANK[
    standingOf({
      // Who brought it is not kept with a word.
      voice: { type: 'stranger', address: '' },
      bytes: 0,
      firstHeardMs: Date.parse(firstHeardAt),
      heardMs: Date.parse(receivedAt),
      periodMs: nextReportWithinMs ?? MAX_NEXT_REPORT_MS,
      stopped: phase === 'stopped',
    })
  ]
}
