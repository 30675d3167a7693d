import { sayInput } from '../compare/verdict/because.js'
import { count } from '../compare/words.js'
import {
  boundsOf,
  INPUTS,
  isWhole,
  placeOf,
  type InputName,
  type WorkloadInput,
} from '../compare/workload.js'
import type { Arguments } from './arguments.js'
import { usageError } from './exit.js'
import { readBytes, readMs, readNumber, readShare } from './quantities.js'

type Read = (args: Arguments, name: string) => number | undefined

/** The flag of every number of a workload. */
const FLAGS: { readonly [Name in InputName]: readonly [flag: string, read: Read] } = {
  clients: ['clients', readNumber],
  documentBytes: ['bytes', readBytes],
  encodedBytes: ['encoded-bytes', readBytes],
  changedBytes: ['changed-bytes', readBytes],
  changesPerDay: ['changes-per-day', readNumber],
  killSwitchMs: ['kill-switch', readMs],
  routineMs: ['routine', readMs],
  offlineShare: ['offline', readShare],
  restartsPerDay: ['restarts-per-day', readNumber],
  rttMs: ['rtt', readMs],
  halfOpenPerClientDay: ['half-open', readNumber],
  idleTimeoutMs: ['idle-timeout', readMs],
  serverMbps: ['server-mbps', readNumber],
  clientMbps: ['client-mbps', readNumber],
  servers: ['servers', readNumber],
}

/** A part of a workload; what is missing is said elsewhere. */
export type PartOfWorkload = Partial<WorkloadInput>

/**
 * What the flags of a command line say of a workload, on top of what a file or a preset says.
 * Throws a usage error that names the flag.
 *
 * ```ts
 * const input = onTop(base, args)
 * ```
 */
export function onTop(base: PartOfWorkload, args: Arguments): PartOfWorkload {
  const flat: Record<string, number> = {}
  const deadlines: Record<string, number> = {}
  const network: Record<string, number> = {}
  for (const input of INPUTS) {
    const [flag, read] = FLAGS[input]
    const value = read(args, flag)
    if (value === undefined) continue
    checkBounds(input, value)
    const group = { deadlines, network }[placeOf(input).split('.')[0] ?? ''] ?? flat
    group[input] = value
  }
  return {
    ...base,
    ...flat,
    ...keepsState(args),
    ...(Object.keys(deadlines).length > 0 && { deadlines: { ...base.deadlines, ...deadlines } }),
    ...(Object.keys(network).length > 0 && { network: { ...base.network, ...network } }),
  }
}

function keepsState(args: Arguments): Pick<PartOfWorkload, 'keepsState'> {
  const [kept, lost] = [args.flag('state'), args.flag('no-state')]
  if (kept && lost) throw usageError('give --state or --no-state, not both')
  return kept || lost ? { keepsState: kept } : {}
}

/**
 * What of a workload no flag replaces.
 *
 * ```ts
 * keptOf(preset.workload, args) // ['changesPerDay', …]
 * ```
 */
export function keptOf(base: PartOfWorkload, args: Arguments): readonly InputName[] {
  const said = { ...base, ...base.deadlines, ...base.network }
  return INPUTS.filter(input => Object.hasOwn(said, input) && args.text(FLAGS[input][0]) === undefined)
}

/**
 * The flag that said what a refusal of a workload begins with; undefined where none did.
 *
 * ```ts
 * flagAtFault('a workload: changedBytes must be at most documentBytes', args) // --changed-bytes
 * ```
 */
export function flagAtFault(message: string, args: Arguments): string | undefined {
  const [, place] = /^a workload: ([\w.]+) /.exec(message) ?? []
  const input = INPUTS.find(name => placeOf(name) === place)
  const [flag] = input === undefined ? [] : FLAGS[input]
  return flag !== undefined && args.text(flag) !== undefined ? `--${flag}` : undefined
}

function checkBounds(input: InputName, value: number): void {
  const [least, most] = boundsOf(input)
  if (value >= least && value <= most && (!isWhole(input) || Number.isInteger(value))) return
  const [flag, read] = FLAGS[input]
  const [from, to] = [least, most].map(bound => {
    if (read !== readNumber && read !== readBytes) return sayInput(input, bound)
    return bound < 1 ? String(bound) : count(bound)
  })
  const whole = isWhole(input) && read === readNumber ? 'a whole number ' : ''
  throw usageError(`--${flag} must be ${whole}from ${from} to ${to}${read === readBytes ? ' bytes' : ''}`)
}
