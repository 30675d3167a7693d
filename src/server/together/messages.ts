import type { ErrorCode } from '../../contracts/errors.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { ReportsQuery } from '../../contracts/transport.js'
import type { Savings } from '../tally.js'

/** How much of what it takes a process has taken. */
export interface MemberLoad {
  readonly connections: number
  readonly maxConnections: number
  readonly deltas: Savings
  readonly encodings: Savings
}

/** A report, and the address that it came from; of somebody with a token there is none. */
export interface SpokenReport {
  readonly report: ClientReport
  readonly address?: string
}

/** How many reports go in one message: whoever hears it reads them in one turn. */
export const REPORTS_A_MESSAGE = 100

/** What addresses brought, each with its amount. */
export type Spending = readonly (readonly [address: string, amount: number])[]

/** What a process that serves tells the one that keeps what all of them hear. */
export type FromMember =
  | { readonly type: 'heard'; readonly reports: readonly SpokenReport[]; readonly spent: Spending }
  | { readonly type: 'load'; readonly load: MemberLoad }
  | { readonly type: 'ask'; readonly id: number; readonly query: ReportsQuery }

/** What that one tells it. */
export type ToMember =
  | { readonly type: 'spent'; readonly spent: Spending }
  /** Some of the reports of an answer, which follows the last of them. */
  | { readonly type: 'part'; readonly id: number; readonly reports: readonly ClientReport[] }
  | { readonly type: 'answer'; readonly id: number; readonly heard: Omit<HeardReports, 'reports'> }
  | { readonly type: 'refusal'; readonly id: number; readonly code: ErrorCode; readonly message: string }

/** One end of what lies between two processes. Messages are data that JSON carries. */
export interface Channel<Sent, Received> {
  /** Resolves when the other end's system has it, or never will. */
  send(message: Sent): Promise<void>
  /** Calls back with each message until the returned function is called. */
  listen(listener: (message: Received) => void): () => void
}
