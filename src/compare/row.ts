import type { Counts } from './costs/costs.js'
import type { CurvePoint } from './formula/times.js'

/** What one model comes to with a workload. */
export interface Row {
  readonly model: string
  /** How this was found. */
  readonly depth: 'formula' | 'simulation' | 'run'
  /**
   * How many clients were simulated or run for it, and what they were: the library's own with their
   * strategies, or a light population of numbers that do what these do. And how idle the machine was
   * while a change travelled in a run, from 0 to 1. Left out of a row that was computed.
   */
  readonly sample?: {
    readonly clients: number
    readonly population: 'library' | 'light'
    readonly machineIdle?: number
  }
  /** Whether it meets the deadlines and the servers can do it. */
  readonly fits: boolean
  /** Why it does not. */
  readonly misses: readonly Miss[]
  /**
   * Whether the servers keep up with a usual day. Where they do not, their queues grow, and times
   * and curves of the row hold for no client: a table shows none.
   */
  readonly keepsUp: boolean
  /**
   * How long a change takes to the clients that are there, from `publish()` on, in milliseconds.
   * Those whose connection is dead without their knowing are told apart; only in `half` they count
   * where they are more than half.
   */
  readonly stalenessMs: { readonly half: number; readonly p99: number; readonly all: number }
  /**
   * Clients whose connection is dead without their knowing when a change comes: how many in the
   * mean, and by when they have it at most, from `publish()` on, in milliseconds.
   */
  readonly halfOpen: { readonly clients: number; readonly worstMs: number }
  /**
   * How many clients are away when a change comes; they get it when they are back, with every model.
   */
  readonly offline: number
  /**
   * Client-seconds on an old version, for each change; whom it never reached has that until the next
   * change.
   */
  readonly integral: number
  /** The share of time in which a client is current; whom a change never reached is not. */
  readonly current: number
  /**
   * How many clients a change never reached: the most of any change that was simulated or run, with
   * servers there and after an outage, with links that died, and with clients that were away.
   */
  readonly missed: number
  /** Events of each kind a day, of all clients. */
  readonly perDay: Counts
  /** How many requests all clients make. */
  readonly requests: { readonly perSecond: number; readonly perChange: number }
  /**
   * Bytes of all clients, both ways, wherever they come from; `fromCache` is what of `perDay` a
   * content delivery network sends, and the servers do not.
   */
  readonly bytes: {
    readonly perDay: number
    readonly fromCache: number
    readonly perIdleHour: number
    readonly perChange: number
  }
  /** Processor time of all servers: as a share of one processor in the mean, and for a change. */
  readonly cpu: { readonly share: number; readonly msPerDay: number; readonly msPerChange: number }
  /** Memory of each server, in bytes. */
  readonly memory: number
  /**
   * The busiest second: after all servers were gone for two seconds, and when every client starts
   * at once.
   */
  readonly peak: { readonly afterRestart: Peak; readonly fleetStarts: Peak }
  /** How a change reaches the clients that are there. */
  readonly curve: readonly CurvePoint[]
  /** Requests in each second of the first minute after all servers were away for a minute. */
  readonly loadAfterOutage: readonly number[]
  /**
   * After how long clients are back when all servers were away for a minute. `link`: how long a
   * change takes to clients whose link died unnoticed just as it came, from `publish()` on.
   * `tenth`: how long it takes to a tenth of the clients that was away for a minute when it came,
   * from their start on. In milliseconds.
   */
  readonly recoveryMs: Recovery & { readonly link: Recovery; readonly tenth: Recovery }
}

/** Until half of some clients have what they are to have, and all of them, in milliseconds. */
export interface Recovery {
  readonly half: number
  readonly all: number
}

/** A moment in which many come at once. */
export interface Peak {
  /** Requests in its busiest second, at all servers. */
  readonly requestsPerSecond: number
  /** How long the servers work on it, in milliseconds. */
  readonly drainMs: number
}

/** Why a model does not fit. */
export interface Miss {
  readonly what: 'kill-switch' | 'routine' | 'half-open' | 'processor' | 'connections' | 'missed'
  readonly text: string
}
