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
  /** A delta that is fetched, from what the client runs. */
  | 'delta'
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
  /** The same with its snapshot as a delta. */
  | 'deltaDelivery'

/** Every kind, in the order of reports. */
export const KINDS: readonly Kind[] = [
  'unchanged',
  'release',
  'log',
  'snapshot',
  'delta',
  'report',
  'connect',
  'mark',
  'notice',
  'delivery',
  'deltaDelivery',
]

/** The kinds that are requests; the others come on a stream that is open. */
export const REQUESTS: ReadonlySet<Kind> = new Set<Kind>([
  'unchanged',
  'release',
  'log',
  'snapshot',
  'delta',
  'report',
  'connect',
])

/** The kinds that carry the document, whole or as a delta. */
export const WITH_DOCUMENT: ReadonlySet<Kind> = new Set<Kind>([
  'snapshot',
  'delta',
  'delivery',
  'deltaDelivery',
])

/** The kinds that costs may leave out: a server hands a delta out as it does a snapshot. */
export type DeltaKind = 'delta' | 'deltaDelivery'

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

/**
 * What some events come to together, by what each of a kind does.
 *
 * ```ts
 * totalOf(counts, kind => serverMsOf(kind, { costs, documentBytes }))
 * ```
 */
export function totalOf(counts: Counts, each: (kind: Kind) => number): number {
  let total = 0
  for (const kind of KINDS) {
    const count = counts[kind]
    if (count !== undefined) total += count * each(kind)
  }
  return total
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

/** What it takes to make or to read something, in milliseconds of a processor. */
export interface Making {
  /** For each one, before what `msPerKB` adds. */
  readonly ms: number
  /** More for each kilobyte (1,000 bytes) of the whole document. */
  readonly msPerKB: number
}

/** What is made once for a change, however many clients get it, and what a client makes of it. */
export interface MakingCosts {
  /** A delta, made by the server. */
  readonly delta: Making
  /** The document, made of a delta by a client. */
  readonly applied: Making
  /** An encoded snapshot, made by the server. */
  readonly encoding: Making
}

/**
 * What workers cost beside what each of them serves: the process that shares connections out, and
 * the folder that all of them read.
 */
export interface SharingCosts {
  /** Processor time of the process that shares out, for each connection, in milliseconds. */
  readonly connectionMs: number
  /** More of it for each report that a worker passes on, in milliseconds. */
  readonly reportMs: number
  /**
   * What a connection that was handed over costs a worker more than one that it accepts itself, in
   * milliseconds of its processor.
   */
  readonly takenMs: number
  /**
   * What a change costs each process that did not write it and reads it from the folder, in
   * milliseconds: every worker but one, and the process that shares out.
   */
  readonly changeMs: number
  /**
   * What each of these processes takes although nothing happens, in milliseconds of processor time
   * a second: it looks at the folder.
   */
  readonly lookMsPerSecond: number
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
  readonly kinds: { readonly [K in Exclude<Kind, DeltaKind>]: Cost } & { readonly [K in DeltaKind]?: Cost }
  /** What deltas and encodings cost to make and to apply. Default: as recorded. */
  readonly making?: MakingCosts
  /** What workers cost beside what each of them serves. Default: estimated by the other costs. */
  readonly sharing?: SharingCosts
  /**
   * What a server takes although nothing happens, in milliseconds of processor time a second: it
   * looks at its board while somebody follows that. Default: 0.
   */
  readonly idleMsPerSecond?: number
  /**
   * What a request costs more that finds the server idle, in milliseconds of its processor: the
   * others are measured while it has no rest. Default: 0.
   */
  readonly wakeMs?: number
  /**
   * What a change costs the server besides, once, in milliseconds of its processor: it is
   * validated, written and read.
   */
  readonly changeMs: number
  /**
   * What an open stream costs although nothing happens on it, in milliseconds of processor time a
   * second: a thread, where there is one for each. What all of them take is missing for the rest:
   * a server that spends half of its processor so takes twice as long for everything else.
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
  const { serverMs, serverMsPerKB = 0 } = costOf(kind, costs)
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
  return costOf(kind, costs).bytes + (WITH_DOCUMENT.has(kind) ? documentBytes : 0)
}

/** The digest that a delta's name has beside the other one, `<digest>.from.<base>`. */
const BASE_NAME_BYTES = '.from.'.length + 64

function costOf(kind: Kind, { kinds }: Costs): Cost {
  if (kind === 'delta') return kinds.delta ?? kinds.snapshot
  if (kind !== 'deltaDelivery') return kinds[kind]
  return kinds.deltaDelivery ?? { ...kinds.delivery, bytes: kinds.delivery.bytes + BASE_NAME_BYTES }
}

/**
 * Whether a value is what `measureCosts()` returns.
 *
 * ```ts
 * isCosts(JSON.parse(text))
 * ```
 */
export function isCosts(value: unknown): value is Costs {
  return problemOfCosts(value) === undefined
}

/**
 * The field because of which a value is not what `measureCosts()` returns, and what it must be;
 * undefined where it is.
 *
 * ```ts
 * problemOfCosts(JSON.parse(text)) // kinds.mark.bytes must be a number of 0 or more
 * ```
 */
export function problemOfCosts(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return 'it must be an object'
  const {
    v,
    measured,
    kinds,
    making,
    sharing,
    idleMsPerSecond = 0,
    wakeMs = 0,
    changeMs,
    streamMsPerSecond,
    memory,
  } = value as { [Name in keyof Costs]?: unknown }
  if (v !== 1) return 'v must be 1'
  const said = ['on', 'machine', 'command'].find(name => typeof partsOf(measured)[name] !== 'string')
  if (said !== undefined) return `measured.${said} must be a text`
  const amounts: readonly (readonly [place: string, amount: unknown])[] = [
    ['idleMsPerSecond', idleMsPerSecond],
    ['wakeMs', wakeMs],
    ['changeMs', changeMs],
    ['streamMsPerSecond', streamMsPerSecond],
    ...['base', 'perStream', 'perClient'].map(name => [`memory.${name}`, partsOf(memory)[name]] as const),
    ...(making === undefined
      ? []
      : MADE.flatMap(name =>
          ['ms', 'msPerKB'].map(
            part => [`making.${name}.${part}`, partsOf(partsOf(making)[name])[part]] as const,
          ),
        )),
    ...(sharing === undefined
      ? []
      : SHARED.map(name => [`sharing.${name}`, partsOf(sharing)[name]] as const)),
    ...KINDS.flatMap(kind => {
      const given = partsOf(kinds)[kind]
      if (given === undefined && MAY_BE_LEFT_OUT.has(kind)) return []
      const { serverMs, serverMsPerKB = 0, bytes } = partsOf(given)
      return Object.entries({ serverMs, serverMsPerKB, bytes }).map(
        ([part, amount]) => [`kinds.${kind}.${part}`, amount] as const,
      )
    }),
  ]
  const wrong = amounts.find(([, amount]) => !isAmount(amount))
  return wrong && `${wrong[0]} must be a number of 0 or more`
}

const MAY_BE_LEFT_OUT: ReadonlySet<Kind> = new Set<DeltaKind>(['delta', 'deltaDelivery'])

const MADE: readonly (keyof MakingCosts)[] = ['delta', 'applied', 'encoding']

const SHARED: readonly (keyof SharingCosts)[] = [
  'connectionMs',
  'reportMs',
  'takenMs',
  'changeMs',
  'lookMsPerSecond',
]

function partsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
