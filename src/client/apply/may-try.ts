import type { Protection, SavedSnapshot, TrialAnswer } from '../../contracts/state.js'
import type { AttemptProgress } from './events.js'
import { partOf, type Pending } from './pending.js'

/** What is asked, and told, before a snapshot is parsed. */
export interface TryContext {
  /** Keeps the process from dying of one snapshot again and again; undefined where nothing can. */
  readonly protection: Protection | undefined
  /** Tells the fleet what is about to be tried, and waits for that a moment. */
  readonly tell: () => Promise<void>
  /** Called when the disk did not take the mark. */
  readonly unmarked: (error: unknown) => void
}

/**
 * Whether a snapshot may be parsed here. It is marked on disk then, and of a candidate the fleet
 * was told. `hasOther`: whether something else runs, or could.
 */
export async function mayTry(
  saved: SavedSnapshot,
  {
    pending,
    hasOther,
    context: { protection, tell, unmarked },
    progress,
  }: {
    readonly pending: Pending
    readonly hasOther: boolean
    readonly context: TryContext
    readonly progress: (step: AttemptProgress) => void
  },
): Promise<TrialAnswer> {
  const { digest } = saved
  const isCandidate = partOf(pending, digest).arm === 'candidate'
  try {
    const answer = await protection?.begin({
      digest,
      exclusive: isCandidate,
      hasOther,
    })
    if (answer !== undefined && answer !== 'go') return answer
  } catch (error) {
    // A disk that takes nothing must not keep a client from what its fleet runs.
    unmarked(error)
  }
  if (!isCandidate) return 'go'
  progress({ type: 'trying', saved })
  await tell()
  return 'go'
}
