import { keepAlive } from '../async/keep-alive.js'
import { abortable, createLinkedAbortController } from '../async/signals.js'
import { comparePositions, epochNumber } from '../contracts/position.js'
import type { Clock } from '../contracts/system.js'
import type { FleetState, Publisher, Rollout, RolloutEnd, RolloutStep } from '../publisher/index.js'
import { readSystem } from '../system/system.js'
import type { Arguments, OptionSpecs } from './arguments.js'
import type { CommandContext } from './command.js'
import { EXIT, usageError, type ExitStatus } from './exit.js'
import { createPatience } from './patience.js'
import { createProgress } from './progress.js'
import { hasArrived, isOut, type WaitFor } from './wait-end.js'

export const WAIT_OPTIONS: OptionSpecs = {
  wait: {
    value: 'FOR',
    text: 'stay until the stage has passed (stage), every client runs it (completed), or the watch is over too (watched)',
  },
  timeout: {
    value: 'SECONDS',
    text: 'with --wait: leave after this long, with status 8; the rollout goes on. Without it an hour after the last stage',
  },
}

/** What the options say about waiting; undefined when nobody waits. */
export interface Waiting {
  readonly for: WaitFor
  readonly timeoutMs: number | undefined
}

/** Reads `--wait` and `--timeout`. Throws a usage error. */
export function readWaiting(args: Arguments): Waiting | undefined {
  const given = args.text('wait')
  const timeout = args.integer('timeout', 1)
  if (given === undefined) {
    if (timeout !== undefined)
      throw usageError('--timeout needs --wait=stage, --wait=completed or --wait=watched')
    return undefined
  }
  if (given !== 'stage' && given !== 'completed' && given !== 'watched')
    throw usageError('--wait must be stage, completed or watched')
  return { for: given, timeoutMs: timeout === undefined ? undefined : timeout * 1_000 }
}

/**
 * How a wait ended. `passed`: what was waited for has come. `refused`: it went out, and clients
 * refused it or took it back. `nobody`: it went out, and no client is there to run it.
 */
export interface Waited {
  readonly end: 'passed' | 'refused' | 'nobody' | RolloutEnd
  /** Where it stood then. */
  readonly step: RolloutStep | undefined
  readonly status: ExitStatus
}

/**
 * How long a policy may hold a rollout up before whoever waits is told to look, in milliseconds: a
 * gate that is red for a moment is no reason to leave. A policy that is to take back what clients
 * refuse has as long, and so has the first client of a namespace to come.
 */
const HELD_UP_MS = 60_000

/**
 * How long clients may be under way once everybody is to have the document, unless a timeout is
 * given, in milliseconds: as long as they may take between two reports, and between two polls.
 */
const UNDER_WAY_MS = 3_600_000

/** How often a release is looked at that nothing moves on any more, in milliseconds. */
const LOOK_MS = 2_000

/** What is waited for. */
export interface Awaited {
  readonly publisher: Pick<Publisher, 'namespace' | 'history'>
  readonly rollout: Rollout
}

/**
 * Shows a rollout until what is waited for has come, clients have refused it, it has ended
 * otherwise, its policy has held it up for a minute, or time is up; then says who moves it on from
 * here, and how it is stopped.
 *
 * ```ts
 * const { status } = await waitFor(context, { publisher, rollout }, { for: 'completed', timeoutMs: undefined })
 * ```
 */
export async function waitFor(
  context: Pick<CommandContext, 'io' | 'print'>,
  awaited: Awaited,
  waiting: Waiting,
): Promise<Waited> {
  const { io, print } = context
  const { publisher, rollout } = awaited
  const { clock } = readSystem('the command line', io.system)
  io.doing?.(undefined)
  const progress = createProgress(context)
  const over = createLinkedAbortController(io.signal)
  let last: RolloutStep | undefined
  let end: Waited['end'] | undefined
  let wasEverywhere = false
  const patience = createPatience<Waited['end']>(clock, as => {
    end = as
    over.abort()
  })
  patience.keep('running', waiting.timeoutMs)
  try {
    for await (const step of stepsOf(awaited, { clock, signal: over.signal })) {
      last = step
      progress.show(step)
      wasEverywhere ||= isOut(step) && step.reach.is === 'everywhere'
      end = hasArrived(step, { what: waiting.for, began: rollout, wasEverywhere })
      if (end !== undefined) break
      // The rollout goes on by itself, or these end it.
      patience.keep('paused', step.isPaused ? HELD_UP_MS : undefined)
      patience.keep('refused', isRefused(step, waiting.for) ? HELD_UP_MS : undefined)
      patience.keep('nobody', isAwaitedFirst(step, rollout) ? HELD_UP_MS : undefined)
      if (waiting.timeoutMs === undefined)
        patience.keep('running', hasNoDeadline(step) ? untilMs(rollout, clock) + UNDER_WAY_MS : undefined)
    }
    progress.end()
    if (over.signal.aborted) end ??= 'running'
    // Of what has no end of its own the steps end when something else took its place.
    else end ??= last !== undefined && hasNoDeadline(last) ? 'superseded' : await rollout.settled
    for (const line of farewell(publisher.namespace, { end, last })) print.note(line)
    return { end, step: last, status: STATUS[end] }
  } finally {
    progress.end()
    patience.end()
    over.finish()
  }
}

/** Whether nobody but whoever waits sets a time by which all is decided. */
function hasNoDeadline({ state }: RolloutStep): boolean {
  return state === 'everyone' || state === 'completed'
}

/** How long it is until clients begin to run it. */
function untilMs({ activateAt }: Rollout, clock: Clock): number {
  return activateAt === undefined ? 0 : Math.max(0, Date.parse(activateAt) - clock.now())
}

/** Whether clients refuse what all are to have, while others are under way or its policy looks. */
function isRefused(step: RolloutStep, what: WaitFor): boolean {
  if (step.state === 'watching' && what === 'watched') return false
  return isOut(step) && !step.isPaused && step.reach.refused > 0
}

/** Whether it is the first release of a namespace, of which no client has been heard yet. */
function isAwaitedFirst({ fleet }: RolloutStep, { position }: Rollout): boolean {
  const isFirst = position.sequence === 1 && epochNumber(position.epoch) === 1
  return isFirst && fleet.type === 'unknown'
}

/** Whether a release for everyone is not the newest any more, or a rollout is not the latest. */
async function isSuperseded({ publisher, rollout: { id, position } }: Awaited): Promise<boolean> {
  for await (const { release } of publisher.history({ limit: 1 }))
    return id === undefined ? comparePositions(release, position) !== 'same' : release.rollout?.id !== id
  return true
}

/** What becomes of a rollout that is left while it is not over. */
function farewell(
  namespace: string,
  { end, last }: { readonly end: Waited['end']; readonly last: RolloutStep | undefined },
): readonly string[] {
  if (last === undefined) return []
  const { reach } = last
  if (end === 'nobody') return [`no client is there to run it; whoever comes to ${namespace} gets it`]
  if (reach.is === 'unseen' && isOut(last))
    return [
      `the store keeps no reports, so who runs it cannot be seen: look at the clients of ${namespace} themselves`,
    ]
  return [
    ...(isOut(last) ? sayRefusals(last, namespace) : []),
    ...(isOut(last) && end === 'running' ? sayLaggards(last) : []),
    ...whoGoesOn(namespace, { end, last }),
  ]
}

/** The states of clients that do not run what all are to have, and did not leave in order. */
const LAGS: ReadonlySet<FleetState> = new Set([
  'behind',
  'crashed',
  'diverged',
  'failed',
  'missing',
  'rejected',
  'unsupported',
])

/** How many clients are named that do not run it. */
const NAMED = 10

/** Who does not run it yet, by name and state. */
function sayLaggards({ fleet }: RolloutStep): readonly string[] {
  if (fleet.type === 'unknown') return []
  const late = fleet.members.filter(({ state }) => LAGS.has(state))
  if (late.length === 0) return []
  const named = late.slice(0, NAMED).map(({ state, report }) => `${report.clientId} (${state})`)
  const more = late.length > NAMED ? ` and ${late.length - NAMED} more, see noticeboard status` : ''
  return [`not there: ${named.join(', ')}${more}`]
}

/**
 * How many clients refuse what all are to have, and what may be done for a release for everyone.
 */
function sayRefusals({ state, reach: { refused } }: RolloutStep, namespace: string): readonly string[] {
  if (refused === 0) return []
  const said = `${refused === 1 ? '1 client has' : `${refused} clients have`} refused it or taken it back`
  if (state !== 'everyone' && state !== 'completed') return [said]
  return [
    `${said}: publish a document that runs there, or go back: noticeboard rollback ${namespace} --reason "…"`,
  ]
}

function whoGoesOn(
  namespace: string,
  { end, last }: { readonly end: Waited['end']; readonly last: RolloutStep },
): readonly string[] {
  const isOver = last.state === 'everyone' || last.state === 'completed'
  if (isOver || end === 'rolled-back' || end === 'superseded' || end === 'completed') return []
  const { state, controllers, waitingFor } = last
  const verb = state === 'watching' ? 'abort' : 'pause'
  const stop = `noticeboard rollout ${verb} ${namespace} --reason "…" ${verb === 'pause' ? 'stops it' : 'takes it back'}`
  if (state === 'paused' || state === 'retreated')
    return [
      `the rollout stands still until noticeboard rollout resume ${namespace} --reason "…", or abort in its place`,
    ]
  if (controllers.length > 0)
    return [
      `the rollout goes on without you${last.isPaused ? ' once that has changed' : ''}, moved on by ${controllers.join(', ')}; ${stop}`,
    ]
  const [nobody, what] =
    state === 'watching'
      ? ['nobody watches it from here, and nothing takes it back by itself', 'watched']
      : ['nothing takes it further from here', 'completed']
  const able = waitingFor.length === 0 ? '' : ` with ${waitingFor.join(', ')}`
  return [
    `no controller that could move the rollout on is heard in ${namespace}, so ${nobody}: start noticeboard controller${able}, or wait on with noticeboard rollout show ${namespace} --wait=${what}; ${stop}`,
  ]
}

const STATUS: Readonly<Record<Waited['end'], ExitStatus>> = {
  passed: EXIT.ok,
  nobody: EXIT.ok,
  refused: EXIT.refusedByClients,
  completed: EXIT.ok,
  'rolled-back': EXIT.rolledBack,
  paused: EXIT.paused,
  superseded: EXIT.conflict,
  running: EXIT.running,
}

/**
 * The steps of a rollout, and of a release that nothing moves on any more for as long as it is the
 * newest: clients may still be under way to it.
 */
async function* stepsOf(
  awaited: Awaited,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): AsyncGenerator<RolloutStep> {
  while (!signal.aborted) {
    let last: RolloutStep | undefined
    for await (const step of until(awaited.rollout, signal)) {
      last = step
      yield step
    }
    if (last === undefined || !hasNoDeadline(last) || (await isSuperseded(awaited))) return
    await keepAlive(clock.sleep(LOOK_MS, signal))
  }
}

/** The steps of a rollout until a signal aborts. */
async function* until(rollout: Rollout, signal: AbortSignal): AsyncGenerator<RolloutStep> {
  const steps = rollout[Symbol.asyncIterator]()
  try {
    while (!signal.aborted) {
      const next = await abortable(steps.next(), signal)
      if (next.done === true) return
      yield next.value
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    void steps.return?.()
  }
}
