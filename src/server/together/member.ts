import { withDeadline } from '../../async/deadline.js'
import { abortable } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import type { ReportsQuery, Store } from '../../contracts/transport.js'
import { BEARER } from '../../fleet/voice.js'
import { reportAllowance } from '../allowance.js'
import type { Shared } from '../handler.js'
import type { Channel, FromMember, MemberLoad, SpokenReport, ToMember } from './messages.js'

/** What one of several processes that serve a board has of the others. */
export interface Member {
  /** For its server: reports go to the one that keeps them, and addresses spend what they spend with the others, too. */
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

/** How many reports may be on their way at most; of more the next word of each client repairs it. */
const MOST_ON_THEIR_WAY = 20_000

/** How long the one that keeps the reports may take to tell them, in milliseconds. */
const ANSWER_MS = 10_000

/**
 * Makes the half of what processes keep together that is in each of those that serve. What it hands over is
 * with the other at the latest a tenth of a second later; an address can bring so much more in that time.
 *
 * ```ts
 * const member = createMember({ channel, clock })
 * await serveWith(member.over(store), options, member.shared)
 * ```
 */
export function createMember({
  channel,
  clock,
}: {
  readonly channel: Channel<FromMember, ToMember>
  readonly clock: Clock
}): Member {
  const allowance = reportAllowance(clock)
  const since = new Date(clock.now()).toISOString()
  const asked = new Map<number, (answer: ToMember & { readonly id: number }) => void>()
  let count = 0
  let reports: SpokenReport[] = []
  let onTheirWay = 0
  let spent = new Map<string, number>()
  let cancel: (() => void) | undefined
  let told = ''

  const flush = async (): Promise<void> => {
    cancel?.()
    cancel = undefined
    if (reports.length === 0 && spent.size === 0) return
    const handed = reports
    const message: FromMember = { type: 'heard', reports: handed, spent: [...spent] }
    reports = []
    spent = new Map()
    await channel.send(message)
    onTheirWay -= handed.length
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
        const answered = new Promise<HeardReports>((resolve, reject) => {
          asked.set(id, answer => {
            if (answer.type === 'answer') resolve(answer.heard)
            else if (answer.type === 'refusal') reject(new NoticeboardError(answer.code, answer.message))
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
          if (onTheirWay >= MOST_ON_THEIR_WAY) return 'no-room'
          onTheirWay += 1
          reports.push({ report, ...(voice.type === 'stranger' && { address: voice.address }) })
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
