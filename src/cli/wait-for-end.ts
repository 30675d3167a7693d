import type { StepEvidence } from '../core/release/step-evidence.js'
import type { Publisher, Rollout, RolloutStep } from '../publisher/index.js'
import type { CommandContext } from './command.js'
import type { ExitStatus } from './exit.js'
import { sayFailure } from '../rollouts/index.js'
import { headOf } from './progress.js'
import { waitFor, type Waited, type Waiting } from './wait.js'

interface Followed {
  readonly publisher: Pick<Publisher, 'namespace' | 'history'>
  readonly rollout: Rollout
}

/**
 * Waits for a rollout and prints what that came to; where it was taken back, with the clients that
 * it rests on. Resolves to the exit status.
 *
 * ```ts
 * return waitForEnd(context, { publisher, rollout }, { for: 'completed', timeoutMs: undefined })
 * ```
 */
export async function waitForEnd(
  context: CommandContext,
  { publisher, rollout }: Followed,
  waiting: Waiting,
): Promise<ExitStatus> {
  const { status, end, step } = await waitFor(context, { publisher, rollout }, waiting)
  await printEnd(context, { publisher, rollout, end, step })
  return status
}

async function printEnd(
  { print, json }: CommandContext,
  { publisher, rollout, end, step }: Followed & Pick<Waited, 'end' | 'step'>,
): Promise<void> {
  const { namespace } = publisher
  const evidence =
    end === 'rolled-back' || step?.state === 'retreated' ? await evidenceFor(publisher, rollout) : undefined
  if (json) {
    const { fleet: _, explanation, ...stands } = step ?? ({} as Partial<RolloutStep>)
    return print.jsonLine({
      namespace,
      id: rollout.id,
      end,
      ...stands,
      ...(explanation !== undefined && { explanation }),
      ...(evidence !== undefined && { evidence }),
    })
  }
  for (const exception of evidence?.exceptions ?? []) print.note(`  ${sayFailure(exception)}`)
  print.data(`${namespace}: ${end}${step === undefined ? '' : `; ${headOf(step, end)}`}\n`)
}

/** What the newest release of a rollout was decided on, as the history keeps it. */
async function evidenceFor(
  publisher: Pick<Publisher, 'history'>,
  { id }: Pick<Rollout, 'id'>,
): Promise<StepEvidence | undefined> {
  for await (const { release, audit } of publisher.history({ limit: 10 }))
    if (release.rollout?.id === id) return audit?.evidence
  return undefined
}
