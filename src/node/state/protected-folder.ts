import type { LoadedState } from '../../contracts/state.js'
import type { Clock } from '../../contracts/system.js'
import type { ProcessTag } from '../disk/process-tag.js'
import type { Claim } from './claims.js'

/** What a protection does to its folder. */
export interface ProtectedFolder {
  readonly owner: ProcessTag
  readonly clock: Clock
  /** How often what is tried is renewed on disk, in milliseconds. */
  readonly beatMs: number
  /** Everything that the folder tells now. */
  load(): Promise<LoadedState>
  /** Writes the file of this instance. */
  save(): Promise<void>
  /** Takes what one process of the folder has at a time; false when another has it. */
  take(name: string, mine: Claim, isOver: (holder: Claim) => boolean): Promise<boolean>
  /** Who has it. */
  holder(name: string): Promise<Claim | undefined>
  release(name: string, instanceId: string): Promise<void>
  /** Nothing is added to the file of this instance any more. */
  closed(): void
  /**
   * Calls back when the process ends in order, before the client is closed. Returns what takes it
   * back.
   */
  onCleanExit(): () => void
}
