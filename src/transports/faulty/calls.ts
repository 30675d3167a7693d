import { NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Random } from '../../contracts/system.js'
import type { Latest, LogEntry } from '../../contracts/transport.js'
import { whenAborted } from '../../async/signals.js'
import { failureOf, injure, type Draw } from './draw.js'
import type { Fault, FaultyCall } from './plan.js'
import { isBytes } from '../../core/built-ins.js'

/** What faults are made with. */
export interface FaultyContext {
  readonly name: string
  readonly draw: Draw
  readonly clock: Clock
  readonly random: Random
}

/** How many answers are remembered, to be given again as stale ones. */
const REMEMBERED = 16

const writes: ReadonlySet<FaultyCall> = new Set<FaultyCall>([
  'put',
  'append',
  'announce',
  'report',
  'putSchema',
])

type Call = (query: unknown, signal: AbortSignal) => Promise<unknown>

/** A call that meets faults on its way there and back. */
export function faultyCall(context: FaultyContext, call: FaultyCall, original: Call): Call {
  const { name, draw, random } = context
  const answers: unknown[] = []

  return async (query, signal) => {
    const faults = draw(call)
    await delayed(context, faults, signal)
    const failure = faults.find(fault => fault.type === 'fail')
    if (failure !== undefined && failure.afterwards !== true) throw failureOf(name, failure)
    if (faults.some(({ type }) => type === 'stall')) return stalled(name, signal)

    const sent = writes.has(call) ? injured(query, faults, random) : query
    if (writes.has(call) && faults.some(({ type }) => type === 'duplicate')) await original(sent, signal)
    const answer = await original(sent, signal)
    if (failure !== undefined) throw failureOf(name, failure)

    if (call !== 'latest' && call !== 'next')
      return writes.has(call) ? answer : injured(answer, faults, random)
    const stale = faults.some(({ type }) => type === 'stale')
      ? answers[Math.floor(random.number() * answers.length)]
      : undefined
    answers.push(answer)
    if (answers.length > REMEMBERED) answers.shift()
    return injured(stale ?? answer, faults, random)
  }
}

/** The log, of which any entry may meet a fault. */
export function faultyHistory(
  context: FaultyContext,
  original: (query: unknown, signal: AbortSignal) => AsyncIterable<LogEntry>,
): (query: unknown, signal: AbortSignal) => AsyncIterable<LogEntry> {
  return async function* (query, signal) {
    for await (const entry of original(query, signal)) {
      const faults = context.draw('history')
      await delayed(context, faults, signal)
      const failure = faults.find(fault => fault.type === 'fail')
      if (failure !== undefined) throw failureOf(context.name, failure)
      if (faults.some(({ type }) => type === 'stall')) await stalled(context.name, signal)
      yield injured(entry, faults, context.random) as LogEntry
    }
  }
}

/** Waits as long as the faults say. */
export async function delayed(
  { clock, random }: FaultyContext,
  faults: readonly Fault[],
  signal: AbortSignal,
): Promise<void> {
  for (const fault of faults) {
    if (fault.type !== 'delay') continue
    const { minMs = 0, maxMs } = fault
    await clock.sleep(minMs + random.number() * Math.max(0, maxMs - minMs), signal)
  }
}

/** Ends when the caller aborts, and not before. */
async function stalled(name: string, signal: AbortSignal): Promise<never> {
  await whenAborted(signal)
  throw new NoticeboardError('closed', `the call to ${name} was aborted before it answered`)
}

/** The bytes of an answer, an entry or a query, cut or changed. */
function injured(value: unknown, faults: readonly Fault[], random: Random): unknown {
  if (isBytes(value)) return injure(value, faults, random)
  if (typeof value !== 'object' || value === null || !('bytes' in value)) return value
  const { bytes } = value as Extract<Latest, { readonly type: 'release' }>
  return { ...value, bytes: injure(bytes, faults, random) }
}
