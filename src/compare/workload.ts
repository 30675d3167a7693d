import { NoticeboardError } from '../contracts/errors.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { figure } from './words.js'

/**
 * What a fleet asks of its configuration. Everything but `clients` and the document has a default.
 */
export interface WorkloadInput {
  /** Where the JSON Schema of this file is; editors read it. */
  readonly $schema?: string
  /** How many clients follow the document. */
  readonly clients: number
  /**
   * How large the document is as it travels, in bytes of canonical JSON. `loadWorkload()` takes it
   * from the file that `document` names.
   */
  readonly documentBytes?: number
  /**
   * How large it is as a snapshot that is fetched travels, in bytes of brotli or gzip.
   * `loadWorkload()` takes it from the document. Never longer than the document, but for what an
   * encoding adds to one that it cannot shorten. Default: `documentBytes`, as if nothing were saved.
   */
  readonly encodedBytes?: number
  /**
   * How much of it a change concerns, in bytes of a delta that says it, up to all of them.
   * `loadWorkload()` takes it from `document` and `next`, between which it makes that delta.
   * Default: a tenth.
   */
  readonly changedBytes?: number
  /** How often it changes. Default 10 a day. */
  readonly changesPerDay?: number
  /** By when a change has to be everywhere. */
  readonly deadlines?: {
    /** What is switched off in an emergency, in milliseconds. Default 60,000. */
    readonly killSwitchMs?: number
    /**
     * Every other change, in milliseconds. Default 300,000, and where `killSwitchMs` is longer as
     * long as that.
     */
    readonly routineMs?: number
  }
  /** The share of clients that are away at any time, from 0 to 1. Default 0. */
  readonly offlineShare?: number
  /** How often each client is started anew. Default 1 a day. */
  readonly restartsPerDay?: number
  /** Whether clients keep their configuration on a disk that outlives a restart. Default true. */
  readonly keepsState?: boolean
  readonly network?: {
    /** Between a client and the server, there and back, in milliseconds. Default 20. */
    readonly rttMs?: number
    /**
     * How often a connection dies without either end being told. Default 0.1 a day for each client.
     */
    readonly halfOpenPerClientDay?: number
    /**
     * After how long a silent connection is cut by what is in between, in milliseconds. Default
     * 350,000.
     */
    readonly idleTimeoutMs?: number
    /** What each server can send, in megabits a second. Default 1,000. */
    readonly serverMbps?: number
    /**
     * What each client can receive, in megabits a second, from a server, a content delivery network
     * or the web server of a folder. Default 100.
     */
    readonly clientMbps?: number
  }
  /** How many servers share the clients. Default 1. */
  readonly servers?: number
}

/** A workload with everything settled. */
export interface Workload {
  /** How many clients follow the document. */
  readonly clients: number
  /** The size of the document as canonical JSON, in bytes. */
  readonly documentBytes: number
  /** The size of a fetched snapshot in brotli or gzip, in bytes. */
  readonly encodedBytes: number
  /** How much of the document a change concerns, in bytes of a delta. */
  readonly changedBytes: number
  /** How many times the document changes each day. */
  readonly changesPerDay: number
  /** The deadline of a change in an emergency, in milliseconds. */
  readonly killSwitchMs: number
  /** The deadline of every other change, in milliseconds. */
  readonly routineMs: number
  /** The share of clients that are away at any time, from 0 to 1. */
  readonly offlineShare: number
  /** How many times each client starts each day. */
  readonly restartsPerDay: number
  /** Whether clients keep their configuration on a disk that outlives a restart. */
  readonly keepsState: boolean
  /** From a client to the server and back, in milliseconds. */
  readonly rttMs: number
  /** How many connections of each client die each day without either end being told. */
  readonly halfOpenPerClientDay: number
  /** After how long a silent connection is cut by what is in between, in milliseconds. */
  readonly idleTimeoutMs: number
  /** What each server can send, in megabits a second. */
  readonly serverMbps: number
  /** What each client can receive, in megabits a second. */
  readonly clientMbps: number
  /** How many servers share the clients. */
  readonly servers: number
  /** The inputs that nobody gave. */
  readonly assumed: readonly (InputName | 'keepsState')[]
  /** What is as a preset has it. Left out where there was none. */
  readonly preset?: PresetPart
}

/** The preset that a workload began with, and which of its figures nobody replaced. */
export interface PresetPart {
  readonly name: string
  readonly inputs: readonly InputName[]
}

/** The inputs that are numbers, as a comparison names them. */
export type InputName = Exclude<keyof Workload, 'assumed' | 'keepsState' | 'preset'>

/** What a number may be. */
interface Range {
  readonly name: string
  readonly least: number
  readonly most: number
  readonly whole?: true
  readonly otherwise?: number
}

/** Every number of a workload: where it stands in the file, and what it may be. */
const RANGES = {
  clients: { name: 'clients', least: 1, most: 10_000_000, whole: true },
  documentBytes: { name: 'documentBytes', least: 2, most: 1_048_576, whole: true },
  encodedBytes: { name: 'encodedBytes', least: 2, most: 1_048_576, whole: true },
  changedBytes: { name: 'changedBytes', least: 0, most: 1_048_576, whole: true },
  changesPerDay: { name: 'changesPerDay', least: 0, most: 86_400, otherwise: 10 },
  killSwitchMs: { name: 'deadlines.killSwitchMs', least: 1, most: 604_800_000, otherwise: 60_000 },
  routineMs: { name: 'deadlines.routineMs', least: 1, most: 604_800_000, otherwise: 300_000 },
  offlineShare: { name: 'offlineShare', least: 0, most: 0.99, otherwise: 0 },
  restartsPerDay: { name: 'restartsPerDay', least: 0, most: 1_440, otherwise: 1 },
  rttMs: { name: 'network.rttMs', least: 0, most: 10_000, otherwise: 20 },
  halfOpenPerClientDay: { name: 'network.halfOpenPerClientDay', least: 0, most: 1_000, otherwise: 0.1 },
  idleTimeoutMs: { name: 'network.idleTimeoutMs', least: 1, most: 604_800_000, otherwise: 350_000 },
  serverMbps: { name: 'network.serverMbps', least: 0.01, most: 1_000_000, otherwise: 1_000 },
  clientMbps: { name: 'network.clientMbps', least: 0.01, most: 1_000_000, otherwise: 100 },
  servers: { name: 'servers', least: 1, most: 10_000, whole: true, otherwise: 1 },
} as const satisfies { readonly [Name in InputName]: Range }

/** The range of an input, whatever it is. */
const rangeOf = (input: InputName): Range => RANGES[input]

/** The inputs, in the order of reports. */
export const INPUTS: readonly InputName[] = Object.keys(RANGES) as InputName[]

/**
 * Where an input stands in the file: `deadlines.killSwitchMs`.
 *
 * ```ts
 * placeOf('killSwitchMs')
 * ```
 */
export function placeOf(input: InputName): string {
  return RANGES[input].name
}

/** The least and the most that an input may be. */
export function boundsOf(input: InputName): readonly [least: number, most: number] {
  const { least, most } = rangeOf(input)
  return [least, most]
}

/** Whether an input is a whole number. */
export function isWhole(input: InputName): boolean {
  return rangeOf(input).whole === true
}

/** The names of all fields of a workload. */
export const WORKLOAD_FIELDS: OptionNames<WorkloadInput> = {
  $schema: true,
  clients: true,
  documentBytes: true,
  encodedBytes: true,
  changedBytes: true,
  changesPerDay: true,
  deadlines: true,
  offlineShare: true,
  restartsPerDay: true,
  keepsState: true,
  network: true,
  servers: true,
}

/**
 * A workload with its defaults. Throws `invalid-option`, naming the field, for what makes no sense.
 *
 * ```ts
 * const workload = readWorkload({ clients: 3_000, documentBytes: 20_480, changesPerDay: 40 })
 * ```
 */
export function readWorkload(input: WorkloadInput): Workload {
  const named = input as WorkloadInput & { readonly document?: unknown }
  if (named !== null && typeof named === 'object' && named.document !== undefined)
    throw refusal('`document` names a file: read it with loadWorkload(), or give documentBytes')
  if (input === undefined) throw refusal('options must be an object such as {}')
  checkOptions('a workload', input, WORKLOAD_FIELDS)
  const { deadlines = {}, network = {}, keepsState, $schema: _schema, ...flat } = input
  checkOptions('the deadlines of a workload', deadlines, { killSwitchMs: true, routineMs: true })
  checkOptions('the network of a workload', network, {
    rttMs: true,
    halfOpenPerClientDay: true,
    idleTimeoutMs: true,
    serverMbps: true,
    clientMbps: true,
  })
  if (keepsState !== undefined && typeof keepsState !== 'boolean')
    throw refusal('keepsState must be true or false')
  const given = { ...flat, ...deadlines, ...network } as Readonly<Record<string, unknown>>
  const assumed: (InputName | 'keepsState')[] = []
  const numberOf = (input: InputName, otherwise = rangeOf(input).otherwise): number => {
    const value = given[input]
    if (value === undefined && otherwise !== undefined) {
      assumed.push(input)
      return otherwise
    }
    return checked(input, value)
  }
  const documentBytes = checked('documentBytes', given['documentBytes'])
  const follows: { readonly [Name in InputName]?: number } = {
    encodedBytes: documentBytes,
    changedBytes: Math.ceil(documentBytes / 10),
    routineMs: routineBeside(
      given['killSwitchMs'] === undefined
        ? RANGES.killSwitchMs.otherwise
        : checked('killSwitchMs', given['killSwitchMs']),
    ),
  }
  const values = Object.fromEntries(INPUTS.map(name => [name, numberOf(name, follows[name])])) as Record<
    InputName,
    number
  >
  const { encodedBytes, changedBytes } = values
  if (changedBytes > documentBytes)
    throw refusal('changedBytes must not be above documentBytes: a change concerns all of it at most')
  const longest = documentBytes + ENCODING_BYTES + Math.ceil(documentBytes * ENCODING_SHARE)
  if (encodedBytes > longest)
    throw refusal(
      'encodedBytes must not be above documentBytes: give the length in brotli or gzip, or leave it out',
    )
  if (keepsState === undefined) assumed.push('keepsState')
  return { ...values, keepsState: keepsState ?? true, assumed }
}

/**
 * The deadline of a routine change where nobody gave one: what is not urgent never has less time
 * than what is.
 *
 * ```ts
 * routineBeside(600_000) // 600,000
 * ```
 */
export function routineBeside(killSwitchMs: number): number {
  return Math.max(RANGES.routineMs.otherwise, killSwitchMs)
}

/**
 * By how much gzip is longer at most than what it cannot shorten: its frame, a name of a file
 * within, and the heads of blocks.
 */
const ENCODING_BYTES = 280
const ENCODING_SHARE = 0.001

function checked(input: InputName, value: unknown): number {
  const { name, least, most, whole } = rangeOf(input)
  if (
    typeof value === 'number' &&
    value >= least &&
    value <= most &&
    (whole !== true || Number.isInteger(value))
  )
    return value
  throw refusal(
    `${name} must be ${whole === true ? 'a whole number' : 'a number'} from ${sayBound(least)} to ${sayBound(most)}`,
  )
}

/** As the flags of the command line say it. */
function sayBound(bound: number): string {
  return bound < 1 ? String(bound) : figure(bound)
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-option', `a workload: ${problem}`)
}
