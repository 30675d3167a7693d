import { everyone, staged, timed, type RolloutPolicy, type StageSpec } from '../rollouts/index.js'
import type { Arguments } from './arguments.js'
import { usageError } from './exit.js'

/** How a document is to spread by the command line; undefined members were not named. */
export type RolloutFlags =
  | { readonly by: 'everyone' }
  | { readonly by: 'clock' }
  | {
      readonly by: 'stages'
      readonly stages: readonly StageSpec[] | undefined
      readonly rehearse: true | undefined
    }

/**
 * What `--everyone`, `--timed`, `--stages` and `--rehearse` ask for; undefined where none was given.
 * Throws a usage error for those that exclude each other, and `invalid-option` for stages that make
 * no sense.
 *
 * ```ts
 * const asked = readRolloutFlags(args)
 * ```
 */
export function readRolloutFlags(args: Pick<Arguments, 'flag' | 'text'>): RolloutFlags | undefined {
  const stages = args.text('stages')
  const asked = [args.flag('everyone'), stages !== undefined, args.flag('timed')].filter(Boolean).length
  if (asked > 1) throw usageError('--everyone, --stages and --timed exclude each other; keep one')
  const rehearse = args.flag('rehearse') || undefined
  if (rehearse && (args.flag('everyone') || args.flag('timed')))
    throw usageError('--rehearse needs stages: drop --everyone or --timed')
  if (args.flag('everyone')) return { by: 'everyone' }
  if (args.flag('timed')) return { by: 'clock' }
  if (stages === undefined && rehearse === undefined) return undefined
  return { by: 'stages', stages: stages === undefined ? undefined : readStages(stages), rehearse }
}

/** Throws as `staged()` does for stages that make no sense, before a board is opened. */
function readStages(list: string): readonly StageSpec[] {
  const stages = list.split(',').map(stage => (/^\d+$/.test(stage) ? Number(stage) : (stage as StageSpec)))
  staged({ stages })
  return stages
}

/**
 * The policy that was asked for. One of the configuration file keeps everything that the flags do
 * not name: its gates, its guardrails, its periods. Throws a usage error where it cannot have other
 * stages.
 *
 * ```ts
 * const rollout = policyBy({ by: 'stages', stages: [1, 'all'], rehearse: undefined }, configured)
 * ```
 */
export function policyBy(asked: RolloutFlags, configured: RolloutPolicy | undefined): RolloutPolicy {
  switch (asked.by) {
    case 'everyone':
      return everyone()
    case 'clock':
      return configured?.type === 'timed' ? configured : timed()
    case 'stages': {
      const { stages, rehearse } = asked
      const changes = { ...(stages !== undefined && { stages }), ...(rehearse !== undefined && { rehearse }) }
      // One for everyone has nothing that could be kept.
      if (configured === undefined || configured.type === 'everyone') return staged(changes)
      const varied = configured.vary?.(changes)
      if (varied !== undefined) return varied
      const flag = stages === undefined ? '--rehearse' : '--stages'
      throw usageError(
        `the rollout of the configuration file, ${configured.type}@${configured.version}, does not let its stages be changed as staged() does: drop ${flag}, or name a staged() there`,
      )
    }
  }
}
