/** How a program handles SIGTERM: by a listener that closes its clients and exits with 7. */
export interface SignalledCommand {
  readonly state: string
  /** Absent: it does not listen. */
  readonly listens?: 'once' | 'on' | 'prependOnceListener'
  readonly from: 'before-client' | 'after-ready'
  readonly clients: number
  /** Whether the second client is of another copy of the library. */
  readonly copies?: boolean
}
