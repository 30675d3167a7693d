import { abortable, createLinkedAbortController } from '../async/signals.js'
import type { Rollout, RolloutEnd, RolloutStep } from '../publisher/index.js'
import { readSystem } from '../system/system.js'
import type { Arguments, OptionSpecs } from './arguments.js'
import type { CommandContext } from './command.js'
import { EXIT, usageError, type ExitStatus } from './exit.js'
import { createProgress } from './progress.js'

/** What is waited for: the stage at hand, every stage, or the end of the watch too. */
export type WaitFor = 'stage' | 'completed' | 'watched'

export const WAIT_OPTIONS: OptionSpecs = {
  wait: {
    value: 'FOR',
    text: 'stay until the stage has passed (stage), all have (completed), or the watch is over (watched)',
  },
  timeout: {
    value: 'SECONDS',
    text: 'with --wait: leave after this long, with status 8; the rollout goes on',
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

/** How a wait ended. `passed`: what was waited for has come. */
export interface Waited {
  readonly end: 'passed' | RolloutEnd
  /** Where it stood then. */
  readonly step: RolloutStep | undefined
  readonly status: ExitStatus
}

/**
 * How long a policy may hold a rollout up before whoever waits is told to look, in milliseconds: a
 * gate that is red for a moment is no reason to leave.
 */
const HELD_UP_MS = 60_000

/**
 * Shows a rollout until what is waited for has come, it has ended otherwise, its policy has held it
 * up for a minute, or time is up; then says who moves it on from here, and how it is stopped.
 *
 * ```ts
 * const { status } = await waitFor(context, { namespace, rollout }, { for: 'completed', timeoutMs: undefined })
 * ```
 */
export async function waitFor(
  context: Pick<CommandContext, 'io' | 'print'>,
  { namespace, rollout }: { readonly namespace: string; readonly rollout: Rollout },
  waiting: Waiting,
): Promise<Waited> {
  const { io, print } = context
  const { clock } = readSystem('the command line', io.system)
  io.doing?.(undefined)
  const progress = createProgress(context)
  const over = createLinkedAbortController(io.signal)
  const { timeoutMs } = waiting
  const cancel = timeoutMs === undefined ? () => {} : clock.after(timeoutMs, () => over.abort())
  let last: RolloutStep | undefined
  let end: Waited['end'] | undefined
  /** Ends the wait unless the rollout goes on by itself; undefined while it does. */
  let patience: (() => void) | undefined
  try {
    for await (const step of until(rollout, over.signal)) {
      last = step
      progress.show(step)
      if (hasPassed(step, waiting.for, rollout)) {
        end = 'passed'
        break
      }
      if (!step.isPaused) {
        patience?.()
        patience = undefined
      } else
        patience ??= clock.after(HELD_UP_MS, () => {
          end = 'paused'
          over.abort()
        })
    }
    progress.end()
    end ??= over.signal.aborted ? 'running' : await rollout.settled
    for (const line of farewell(namespace, { end, last })) print.note(line)
    return { end, step: last, status: end === 'passed' ? EXIT.ok : STATUS[end] }
  } finally {
    progress.end()
    patience?.()
    cancel()
    over.finish()
  }
}

/** What becomes of a rollout that is left while it is not over. */
function farewell(
  namespace: string,
  { end, last }: { readonly end: Waited['end']; readonly last: RolloutStep | undefined },
): readonly string[] {
  const goesOn = last !== undefined && last.state !== 'everyone' && last.state !== 'completed'
  if (!goesOn || end === 'rolled-back' || end === 'superseded' || end === 'completed') return []
  const { state, controllers } = last
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
  return [
    `no controller is heard in ${namespace}, so nothing moves the rollout on from here: start noticeboard controller, or wait on with noticeboard rollout show ${namespace} --wait=completed; ${stop}`,
  ]
}

const STATUS: Readonly<Record<RolloutEnd, ExitStatus>> = {
  completed: EXIT.ok,
  'rolled-back': EXIT.rolledBack,
  paused: EXIT.paused,
  superseded: EXIT.conflict,
  running: EXIT.running,
}

function hasPassed(step: RolloutStep, what: WaitFor, began: Pick<Rollout, 'stage' | 'rehearsal'>): boolean {
  const { state, stage, rehearsal } = step
  // A release for everyone has no stages: the fleet having it is all there is.
  if (state === 'everyone') return false
  switch (what) {
    case 'stage':
      if (state === 'watching' || state === 'completed') return true
      // A rehearsal is a stage of its own, whatever phase it is in.
      return (
        state === 'running' &&
        (stage > began.stage || (rehearsal === undefined && began.rehearsal !== undefined))
      )
    case 'completed':
      return state === 'watching' || state === 'completed'
    case 'watched':
      return state === 'completed'
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
