import { withDeadline } from '../../async/deadline.js'
import { abortable } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import type { ReportsQuery, Store } from '../../contracts/transport.js'
import { BEARER } from '../../fleet/voice.js'
import { reportAllowance } from '../allowance.js'
import type { Shared } from '../handler.js'
import type { Channel, FromMember, MemberLoad, ToMember } from './messages.js'
import { createOutbox } from './outbox.js'

/** What one of several processes that serve a board has of the others. */
export interface Member {
  /**
   * For its server: reports go to the one that keeps them, and addresses spend what they spend with
   * the others, too.
   */
  readonly shared: Shared
  /** The same store, whose reports are those that all of them heard. */
  over(store: Store): Store
  /** Tells how much it has taken, when that has changed. */
  tell(load: MemberLoad): void
  /** Hands over what waits. */
  flush(): Promise<void>
  /** Ends it, and what still waits for an answer. */
  close(): void
}

/** How long reports and spending are gathered before they are handed over, in milliseconds. */
const GATHER_MS = 100

/** How long the one that keeps the reports may take to tell them, in milliseconds. */
const ANSWER_MS = 30_000

/**
 * Makes the half of what processes keep together that is in each of those that serve. What it hands
 * over is with the other at the latest a tenth of a second later; an address can bring so much more
 * in that time.
 *
 * ```ts
 * const member = createMember({ channel, clock })
 * await serveWith(member.over(store), options, member.shared)
 * ```
 */
export function createMember({
  channel,
  clock,
  processes = 1,
}: {
  readonly channel: Channel<FromMember, ToMember>
  readonly clock: Clock
  /** How many processes serve the board together. Default 1. */
  readonly processes?: number
}): Member {
  const allowance = reportAllowance(clock)
  const since = new Date(clock.now()).toISOString()
  const asked = new Map<number, (answer: Extract<ToMember, { readonly id: number }>) => void>()
  let count = 0
  const outbox = createOutbox()
  let handing: Promise<void> | undefined
  let spent = new Map<string, number>()
  let cancel: (() => void) | undefined
  let told = ''

  /**
   * One message after the other: what the other process does not take yet waits here, within its
   * bound.
   */
  const hand = async (): Promise<void> => {
    for (let reports = outbox.next(); reports.length > 0 || spent.size > 0; reports = outbox.next()) {
      const message: FromMember = { type: 'heard', reports, spent: [...spent] }
      spent = new Map()
      await channel.send(message)
      outbox.arrived(reports)
    }
  }
  const flush = (): Promise<void> => {
    cancel?.()
    cancel = undefined
    handing ??= hand().finally(() => (handing = undefined))
    return handing
  }
  const soon = (): void => {
    cancel ??= clock.after(GATHER_MS, () => void flush())
  }

  const leave = channel.listen(message => {
    if (message.type !== 'spent') return asked.get(message.id)?.(message)
    for (const [address, amount] of message.spent) allowance.spend(address, amount)
  })

  const heard = async (query: ReportsQuery, signal: AbortSignal): Promise<HeardReports> => {
    count += 1
    const id = count
    try {
      return await withDeadline({ clock, signal, timeoutMs: ANSWER_MS, what: 'the fleet' }, own => {
        const reports: ClientReport[] = []
        const answered = new Promise<HeardReports>((resolve, reject) => {
          asked.set(id, answer => {
            switch (answer.type) {
              case 'part':
                reports.push(...answer.reports)
                return
              case 'answer':
                resolve({ ...answer.heard, reports })
                return
              case 'refusal':
                reject(new NoticeboardError(answer.code, answer.message))
            }
          })
        })
        void channel.send({ type: 'ask', id, query })
        return abortable(answered, own)
      })
    } finally {
      asked.delete(id)
    }
  }

  return {
    shared: {
      registry: {
        add(report, voice = BEARER) {
          if (!outbox.add(report, voice)) return 'no-room'
          soon()
          return 'kept-here'
        },
        of: () => [],
        since,
        size: 0,
        bytes: 0,
      },
      allowance: {
        waitMs: address => allowance.waitMs(address),
        spend(address, amount) {
          allowance.spend(address, amount)
          spent.set(address, (spent.get(address) ?? 0) + amount)
          soon()
        },
      },
      processes,
    },
    over(store) {
      // What it hears goes to the other process alone, which hands it on to the store.
      const { report: _, ...rest } = store as Store & { readonly report?: unknown }
      return { ...rest, reports: heard }
    },
    tell(load) {
      const text = JSON.stringify(load)
      if (text === told) return
      told = text
      void channel.send({ type: 'load', load })
    },
    flush,
    close() {
      cancel?.()
      leave()
      for (const [id, settle] of asked)
        settle({ type: 'refusal', id, code: 'closed', message: 'the server was closed' })
    },
  }
}
