/**
 * What a server and its clients exchange, by kind. Everything that a comparison counts is one of
 * these.
 */
export type Kind =
  /** A question for the newest release that is answered with "unchanged". */
  | 'unchanged'
  /** The same, answered with the release. */
  | 'release'
  /** A question for the next release in the log, which a sweep asks too. */
  | 'log'
  /** A snapshot that is fetched. */
  | 'snapshot'
  /** A report of a client. */
  | 'report'
  /** A stream that is opened, with the release that it begins with. */
  | 'connect'
  /** A mark on a stream, once a heartbeat. */
  | 'mark'
  /** A release on a stream. */
  | 'notice'
  /** A release on a stream with its snapshot. */
  | 'delivery'

/** Every kind, in the order of reports. */
export const KINDS: readonly Kind[] = [
  'unchanged',
  'release',
  'log',
  'snapshot',
  'report',
  'connect',
  'mark',
  'notice',
  'delivery',
]

/** The kinds that are requests; the others come on a stream that is open. */
export const REQUESTS: ReadonlySet<Kind> = new Set<Kind>([
  'unchanged',
  'release',
  'log',
  'snapshot',
  'report',
  'connect',
])

/** The kinds that carry the document. */
export const WITH_DOCUMENT: ReadonlySet<Kind> = new Set<Kind>(['snapshot', 'delivery'])

/** How many of each kind; what is missing is none. */
export type Counts = { readonly [K in Kind]?: number }

/**
 * A count for each kind.
 *
 * ```ts
 * countsBy(kind => (before[kind] ?? 0) / clients)
 * ```
 */
export function countsBy(count: (kind: Kind) => number): Counts {
  return Object.fromEntries(KINDS.map((kind): [Kind, number] => [kind, count(kind)]))
}

/** What one event of a kind costs. */
export interface Cost {
  /** Processor time of the server, in milliseconds, without the document. */
  readonly serverMs: number
  /** The same for each kilobyte (1,000 bytes) of the document. */
  readonly serverMsPerKB?: number
  /**
   * Bytes on the wire, both ways, headers and framing included, without the document, TLS, TCP and
   * IP.
   */
  readonly bytes: number
}

/** What a server costs: measured on one machine, on one day. */
export interface Costs {
  readonly v: 1
  /** When, where and how this was measured. */
  readonly measured: {
    /** `2026-11-26`. */
    readonly on: string
    /** The processor, the system and Node. */
    readonly machine: string
    /** The command that measures the same again. */
    readonly command: string
  }
  readonly kinds: { readonly [K in Kind]: Cost }
  /** What a change costs the server besides, once: it is validated, written and read. */
  readonly changeMs: number
  /**
   * What an open stream costs although nothing happens on it, in milliseconds of processor time a
   * second: a thread, where there is one for each.
   */
  readonly streamMsPerSecond: number
  /**
   * Memory of the server, in bytes: with nobody there, and for each open stream and each client
   * that reports.
   */
  readonly memory: { readonly base: number; readonly perStream: number; readonly perClient: number }
}

/**
 * What one event costs the server, in milliseconds of its processor.
 *
 * ```ts
 * serverMsOf('delivery', { costs, documentBytes: 20_480 })
 * ```
 */
export function serverMsOf(
  kind: Kind,
  { costs, documentBytes }: { readonly costs: Costs; readonly documentBytes: number },
): number {
  const { serverMs, serverMsPerKB = 0 } = costs.kinds[kind]
  return serverMs + (WITH_DOCUMENT.has(kind) ? (serverMsPerKB * documentBytes) / 1_000 : 0)
}

/**
 * How many bytes one event takes.
 *
 * ```ts
 * bytesOf('snapshot', { costs, documentBytes: 20_480 })
 * ```
 */
export function bytesOf(
  kind: Kind,
  { costs, documentBytes }: { readonly costs: Costs; readonly documentBytes: number },
): number {
  return costs.kinds[kind].bytes + (WITH_DOCUMENT.has(kind) ? documentBytes : 0)
}

/**
 * Whether a value is what `measureCosts()` returns.
 *
 * ```ts
 * isCosts(JSON.parse(text))
 * ```
 */
export function isCosts(value: unknown): value is Costs {
  if (typeof value !== 'object' || value === null) return false
  const { v, measured, kinds, changeMs, streamMsPerSecond, memory } = value as {
    [Name in keyof Costs]?: unknown
  }
  const { on, machine, command } = partsOf(measured)
  const { base, perStream, perClient } = partsOf(memory)
  const costOf = partsOf(kinds)
  return (
    v === 1 &&
    [on, machine, command].every(text => typeof text === 'string') &&
    [changeMs, streamMsPerSecond, base, perStream, perClient].every(isAmount) &&
    KINDS.every(kind => {
      const { serverMs, serverMsPerKB = 0, bytes } = partsOf(costOf[kind])
      return [serverMs, serverMsPerKB, bytes].every(isAmount)
    })
  )
}

function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
