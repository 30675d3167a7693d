import type { StepEvidence } from '../core/release/step-evidence.js'
import type { Publisher, Rollout, RolloutStep } from '../publisher/index.js'
import type { CommandContext } from './command.js'
import { headOf, sayException } from './progress.js'
import type { Waited } from './wait.js'

interface End extends Pick<Waited, 'end' | 'step'> {
  readonly publisher: Pick<Publisher, 'namespace' | 'history'>
  readonly rollout: Rollout
}

/** What a wait came to, on stdout; where the rollout was taken back, with the clients that it rests on. */
export async function printEnd(
  { print, json }: CommandContext,
  { publisher, rollout, end, step }: End,
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
  for (const exception of evidence?.exceptions ?? []) print.note(`  ${sayException(exception)}`)
  print.data(`${namespace}: ${end}${step === undefined ? '' : `; ${headOf(step)}`}\n`)
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
