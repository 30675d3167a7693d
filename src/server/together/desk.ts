import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { briefly } from '../../core/report/brief-report.js'
import type { Assembled } from '../handler.js'
import {
  REPORTS_A_MESSAGE,
  type Channel,
  type FromMember,
  type MemberLoad,
  type ToMember,
} from './messages.js'
import { BEARER } from '../../fleet/voice.js'
import { NO_SAVINGS, sumOf } from '../tally.js'

/** Keeps what several processes that serve one board hear. */
export interface Desk {
  /** A process has come; the returned function says that it is gone. */
  join(channel: Channel<ToMember, FromMember>): () => void
  /** What all of them have taken together, and what they and those before them have saved. */
  readonly load: MemberLoad
}

/**
 * Makes the half of what processes keep together that is in one of them, which serves nothing: the
 * registry of all reports, and what each address has brought to any of them.
 *
 * ```ts
 * const { reports } = assembleHandler(store, { write: false })
 * const leave = createDesk({ reports }).join(channel)
 * ```
 */
export function createDesk({ reports }: Pick<Assembled, 'reports'>): Desk {
  const members = new Map<Channel<ToMember, FromMember>, MemberLoad>()
  /** What those that are gone had saved: what counts only grows. */
  let before: Pick<MemberLoad, 'deltas' | 'encodings'> = { deltas: NO_SAVINGS, encodings: NO_SAVINGS }

  const answer = async (
    channel: Channel<ToMember, FromMember>,
    { id, query }: FromMember & { readonly type: 'ask' },
    signal: AbortSignal,
  ): Promise<void> => {
    try {
      const { reports: all, ...heard } = await reports.heard(query, signal)
      const shorten = query.brief === undefined ? undefined : briefly(query.brief.labels)
      for (let from = 0; from < all.length && !signal.aborted; from += REPORTS_A_MESSAGE) {
        const some = all.slice(from, from + REPORTS_A_MESSAGE)
        await channel.send({ type: 'part', id, reports: shorten === undefined ? some : some.map(shorten) })
      }
      await channel.send({ type: 'answer', id, heard })
    } catch (error) {
      const { code, message } = asNoticeboardError(error, 'internal', 'the reports could not be read')
      await channel.send({ type: 'refusal', id, code, message })
    }
  }

  return {
    join(channel) {
      members.set(channel, {
        connections: 0,
        maxConnections: 0,
        deltas: NO_SAVINGS,
        encodings: NO_SAVINGS,
      })
      const gone = new AbortController()
      const leave = channel.listen(message => {
        switch (message.type) {
          case 'load':
            members.set(channel, message.load)
            return
          case 'ask':
            void answer(channel, message, gone.signal)
            return
          case 'heard':
            for (const { report, address } of message.reports)
              reports.take([report], address === undefined ? BEARER : { type: 'stranger', address })
            if (message.spent.length === 0) return
            for (const other of members.keys())
              if (other !== channel) void other.send({ type: 'spent', spent: message.spent })
        }
      })
      return () => {
        leave()
        gone.abort(new NoticeboardError('closed', 'the process that sent the request has ended'))
        const last = members.get(channel)
        if (last !== undefined) before = savedBy([before, last])
        members.delete(channel)
      }
    },
    get load() {
      let [connections, maxConnections] = [0, 0]
      for (const each of members.values()) {
        connections += each.connections
        maxConnections += each.maxConnections
      }
      return { connections, maxConnections, ...savedBy([before, ...members.values()]) }
    },
  }
}

function savedBy(
  all: readonly Pick<MemberLoad, 'deltas' | 'encodings'>[],
): Pick<MemberLoad, 'deltas' | 'encodings'> {
  return {
    deltas: sumOf(all.map(({ deltas }) => deltas)),
    encodings: sumOf(all.map(({ encodings }) => encodings)),
  }
}
