import type { Rollout, RolloutStep } from '../publisher/index.js'
import type { ClientCounts } from '../publisher/rollouts/client-counts.js'
import type { CommandContext } from './command.js'
import { withoutNumbers } from '../core/without-numbers.js'
import { sayFailure } from '../rollouts/index.js'
import { printable } from './style.js'

/** Shows a rollout as it happens, on stderr. */
export interface Progress {
  show(step: RolloutStep): void
  /** Ends the line that is being written. */
  end(): void
}

const WIDTH = 24

/**
 * A bar a stage on a terminal, which is drawn again while the stage lasts; without one a line
 * whenever the stage, its verdict or what it waits for changes.
 *
 * ```ts
 * for await (const step of rollout) progress.show(step)
 * ```
 */
export function createProgress({ io, print }: Pick<CommandContext, 'io' | 'print'>): Progress {
  const draws = io.stderr.isTTY === true
  let told = ''
  let stage = ''
  let open = false
  const named = new Set<string>()

  const end = (): void => {
    if (open) io.stderr.write('\n')
    open = false
  }
  /** Clients as they come to be exceptions, each once. */
  const name = ({ state, explanation, reach }: RolloutStep): void => {
    // Once it was taken back, they are those of what runs in its place.
    const refusals = state === 'rolled-back' || state === 'retreated' ? [] : reach.refusals
    for (const exception of [...(explanation?.exceptions ?? []), ...refusals]) {
      const line = sayFailure(exception)
      if (named.has(line)) continue
      named.add(line)
      end()
      print.note(`  ${line}`)
    }
  }
  return {
    end,
    show(step) {
      name(step)
      if (draws) {
        const at = `${step.state} ${sayStageOf(step)}`
        if (stage !== '' && at !== stage) end()
        stage = at
        io.stderr.write(
          `\r\u001b[K${printable(`${barOf(step)} ${headOf(step)}`).slice(0, (io.stderr.columns ?? 100) - 1)}`,
        )
        open = true
        return
      }
      const { state, verdict, waitingFor, why } = step
      const shown = [
        state,
        sayStageOf(step),
        verdict,
        waitingFor.join(),
        why[0] === undefined ? '' : withoutNumbers(why[0]),
      ].join(' ')
      if (shown === told) return
      told = shown
      print.note(headOf(step))
    },
  }
}

function barOf({ exposed, applied, healthy }: RolloutStep): string {
  const part = (count: number): number => (exposed === 0 ? 0 : Math.round((count / exposed) * WIDTH))
  const well = part(healthy)
  const runs = Math.max(0, part(applied) - well)
  return `[${'#'.repeat(well)}${'+'.repeat(runs)}${'.'.repeat(Math.max(0, WIDTH - well - runs))}]`
}

/**
 * Where a rollout stands, in one line; without its state where `after` has said that already.
 *
 * ```ts
 * headOf(step) // stage 2 of 4, running: 3 of 6 exposed run it, 1 rejected; bakes 5 min, 3 min left
 * ```
 */
export function headOf(step: RolloutStep, after?: string): string {
  const { verdict, why, waitingFor } = step
  // A policy says so of each.
  const said = new Set(waitingFor.map(one => `waiting for: ${one}`))
  const reasons = [
    ...(waitingFor.length > 0 ? [`waiting for: ${waitingFor.join(', ')}`] : []),
    ...why.filter(text => !said.has(text)),
  ]
  // What only takes its time is neither good nor bad, and needs no word for that.
  const says = verdict === undefined || (verdict === 'unknown' && !step.isPaused) ? '' : `${verdict}: `
  const because = reasons.length === 0 ? '' : `; ${says}${reasons.join('; ')}`
  const stands = step.state === after ? '' : `, ${step.state}`
  return `${sayStageOf(step)}${stands}: ${sayReach(step)}${because}`
}

/**
 * How many of the exposed clients run it, and how many do not for which reason.
 *
 * ```ts
 * sayReach(step) // 3 of 6 exposed run it, 1 rejected
 * ```
 */
export function sayReach({
  state,
  exposed,
  applied,
  behind,
  rejected,
  failed,
  missing,
}: Omit<ClientCounts, 'healthy'> & Pick<RolloutStep, 'state'>): string {
  const ran = {
    running: 'exposed run it',
    paused: 'exposed run it',
    'rolled-back': 'clients run what ran before',
    retreated: 'clients run what ran before',
  } as Readonly<Record<string, string>>
  return [
    `${applied} of ${exposed} ${ran[state] ?? 'clients run it'}`,
    // What they run now was not told yet: some went back, and others never left.
    ...(behind > 0 && isTakenBack(state) ? [`${behind} not confirmed yet`] : []),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(missing > 0 ? [`${missing} missing`] : []),
  ].join(', ')
}

function isTakenBack(state: RolloutStep['state']): boolean {
  return state === 'rolled-back' || state === 'retreated'
}

/**
 * Which stage a rollout is in, for people: what comes before the first one is stage 0.
 *
 * ```ts
 * sayStageOf(step) // stage 2 of 4
 * ```
 */
export function sayStageOf({
  stage,
  of,
  state,
  rehearsal,
  awaitsGates,
}: Pick<Rollout, 'stage' | 'of' | 'state'> & Partial<Pick<Rollout, 'rehearsal' | 'awaitsGates'>>): string {
  if (awaitsGates === true) return `stage 0 of ${of}, ${sayAwaiting(state)}`
  return rehearsal === undefined
    ? `stage ${stage + 1} of ${of}`
    : `stage 0 of ${of}, the way back is rehearsed: ${rehearsal}`
}

function sayAwaiting(state: Rollout['state']): string {
  switch (state) {
    case 'running':
      return 'gates are asked before anybody is exposed'
    case 'rolled-back':
      return 'before anybody was exposed'
    default:
      return 'before anybody is exposed'
  }
}
