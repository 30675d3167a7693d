import type { Issue, NoticeboardError } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Pending, ReceivedRelease } from './pending.js'

/** What happens to a client. `Change` is what an attempt prepared; nothing here looks into it. */
export type ApplyEvent<Change = unknown> =
  /** The state folder was read: what to restore, best first, and whether a pin file rules. */
  | { readonly type: 'boot'; readonly restore: readonly Pending[]; readonly pinned: boolean }
  /** A release newer than all before. */
  | { readonly type: 'release'; readonly pending: ReceivedRelease }
  /** The newest release once more. */
  | { readonly type: 'again'; readonly pending: ReceivedRelease }
  /** Nothing newer than what was seen exists. */
  | { readonly type: 'current' }
  /** A snapshot that could not be tried at its time may be tried now. */
  | { readonly type: 'freed'; readonly pending: Pending }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  | { readonly type: 'close' }
  /** The time for another try has come. */
  | { readonly type: 'retry-due'; readonly id: number }
  /** The probe confirms what attempt number `commit` committed. */
  | { readonly type: 'confirmed'; readonly commit: number }
  /** The probe does not: what ran before comes back. */
  | {
      readonly type: 'reverted'
      readonly commit: number
      readonly pending: Pending
      readonly refused: RefusedSnapshot
    }
  /** What attempt number `commit` committed has run for long enough. */
  | { readonly type: 'soaked'; readonly commit: number }
  | (AttemptProgress & { readonly id: number })
  | { readonly type: 'ended'; readonly id: number; readonly end: AttemptEnd<Change> }

/** What an attempt tells on its way. */
export type AttemptProgress =
  /** A candidate is about to be parsed. */
  | { readonly type: 'trying'; readonly saved: SavedSnapshot }
  /** The snapshot is validated and waits for its time. */
  | { readonly type: 'staged' }
  /** A snapshot was refused here; the attempt goes on with the next preference. */
  | { readonly type: 'refused'; readonly refused: RefusedSnapshot }

/** A snapshot that was refused, and why. */
export interface RefusedSnapshot {
  readonly digest: Digest
  readonly version: number
  readonly code: string
  readonly issues: readonly Issue[]
  /** Where, as anybody may see it, where `issues` are for who wrote the document. */
  readonly path?: string
  /**
   * Whether this client's own overrides had a part in it: then another start may see it
   * differently.
   */
  readonly overridden: boolean
  /** Set when it had come into force, and a probe did not confirm it. */
  readonly reverted?: boolean
}

/** How an attempt ended. Whatever it is, the client goes on with what it runs. */
export type AttemptEnd<Change = unknown> =
  /** Everything is ready: the change comes into force with the commit. */
  | ({ readonly type: 'prepared'; readonly saved: SavedSnapshot; readonly change: Change } & Waits & {
        /** Whether a probe has to confirm it, or what ran before comes back. */
        readonly confirm?: boolean
        /** Whether it ran before, and comes back in the place of what was refused here. */
        readonly instead?: boolean
        /**
         * Whether nothing ran: then it is what an earlier life applied, and no step of this one.
         */
        readonly restores?: boolean
      })
  /** The snapshot that runs already is the one that is asked for. */
  | ({ readonly type: 'unchanged'; readonly saved: SavedSnapshot } & Waits)
  /** Everything that is asked of this client was refused here. */
  | ({ readonly type: 'kept' } & Waits)
  | { readonly type: 'unsupported'; readonly error: NoticeboardError }
  /** A participant refused. */
  | { readonly type: 'vetoed'; readonly error: NoticeboardError; readonly digest: Digest }
  /** Something broke that should not. */
  | { readonly type: 'failed'; readonly error: NoticeboardError }
  /** There was only the disk to ask, and it does not have the snapshot. */
  | { readonly type: 'missing' }

interface Waits {
  /** Whether a snapshot that is asked for before it may not be tried here yet. */
  readonly waits?: boolean
}

/** What follows from an event, in this order. */
export type ApplyEffect<Change = unknown> =
  /** Readers and participants switch, in this tick. */
  | { readonly type: 'commit'; readonly id: number; readonly pending: Pending; readonly change: Change }
  /** Lets go of what was prepared too late. */
  | { readonly type: 'discard'; readonly change: Change }
  /** What runs is what a newer release asks for: its position moves. */
  | { readonly type: 'confirm'; readonly pending: Pending; readonly saved: SavedSnapshot }
  /** Keeps on disk how an attempt ended. */
  | { readonly type: 'save'; readonly pending: ReceivedRelease; readonly end: Saveable<Change> }
  /** What runs counts as last-known-good. */
  | { readonly type: 'earn' }
  /** Remembers a refusal and tells listeners. */
  | { readonly type: 'refuse'; readonly pending: Pending; readonly refused: RefusedSnapshot }
  /** The client has a value, without proof that it is the newest. */
  | { readonly type: 'value' }
  /** What runs is known to be what the newest release asks for. */
  | { readonly type: 'prove' }
  /** What the newest release asks for does not run here. */
  | { readonly type: 'fall-behind' }
  | { readonly type: 'complain'; readonly error: NoticeboardError }
  /**
   * What this client has to tell the fleet changed. `spreadMs`: it is no more than that a release
   * was seen, and the fleet spreads it over that long.
   */
  | { readonly type: 'report'; readonly spreadMs?: number }

/** The ends that change what is kept on disk. */
export type Saveable<Change> = Extract<
  AttemptEnd<Change>,
  { readonly type: 'prepared' | 'unchanged' | 'kept' }
>
