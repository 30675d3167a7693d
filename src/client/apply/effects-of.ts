import type { ApplyEffect, ApplyEvent, AttemptEnd, Saveable } from './events.js'
import type { Pending } from './pending.js'
import { attemptOf, isProvable, isReceived, type ApplyState, type Attempt } from './state.js'

/**
 * What follows from an event, in the order in which it is to be done: the commit first, so that
 * readers and participants switch in the tick of the event; what is kept on disk and told to the
 * fleet after it.
 */
export function effectsOf<Change>(
  before: ApplyState,
  event: ApplyEvent<Change>,
  after: ApplyState,
): readonly ApplyEffect<Change>[] {
  switch (event.type) {
    case 'ended': {
      const attempt = attemptOf(before)
      return attempt === undefined ? [] : ofEnd(attempt, event.end)
    }
    case 'refused': {
      const attempt = attemptOf(before)
      return attempt === undefined
        ? []
        : [{ type: 'refuse', pending: attempt.pending, refused: event.refused }, { type: 'report' }]
    }
    case 'again':
    case 'current':
      return after.work === before.work && isProvable(after) ? [{ type: 'prove' }] : []
    case 'reverted':
      return [{ type: 'refuse', pending: event.pending, refused: event.refused }, { type: 'report' }]
    case 'soaked':
      return [{ type: 'earn' }, { type: 'report' }]
    case 'staged':
      return [{ type: 'report' }]
    case 'pause':
    case 'resume':
      return after.mode === before.mode ? [] : [{ type: 'report' }]
    case 'release':
      // Whoever follows no releases has seen it all the same.
      return after.work === before.work ? [seenOnly(event.pending)] : []
    case 'boot':
    case 'confirmed':
    case 'freed':
    case 'trying':
    case 'retry-due':
    case 'close':
      return []
  }
}

function ofEnd<Change>({ id, pending }: Attempt, end: AttemptEnd<Change>): readonly ApplyEffect<Change>[] {
  switch (end.type) {
    case 'prepared':
      return [
        { type: 'commit', id, pending, change: end.change },
        ...inForce<Change>(pending, end),
        { type: 'report' },
      ]
    case 'unchanged':
      return [
        { type: 'confirm', pending, saved: end.saved },
        ...inForce<Change>(pending, end),
        seenOnly(pending),
      ]
    case 'kept':
      return isReceived(pending)
        ? [
            { type: 'save', pending, end },
            { type: end.waits === true ? 'value' : 'fall-behind' },
            seenOnly(pending),
          ]
        : [seenOnly(pending)]
    case 'unsupported':
    case 'vetoed':
    case 'failed':
      return [
        { type: 'complain', error: end.error },
        ...(isReceived(pending) ? [{ type: 'fall-behind' } as const] : []),
        { type: 'report' },
      ]
    case 'missing':
      return []
  }
}

/** What this client has to tell is that it saw a release, and runs what it ran. */
function seenOnly(pending: Pending): { readonly type: 'report'; readonly spreadMs?: number } {
  const spreadMs = isReceived(pending) ? (pending.release.evidence?.spreadMs ?? 0) : 0
  return { type: 'report', ...(spreadMs > 0 && { spreadMs }) }
}

/** Only what a transport brought is news for the disk, and the newest for sure. */
function inForce<Change>(pending: Pending, end: Saveable<Change>): readonly ApplyEffect<Change>[] {
  if (!isReceived(pending)) return [{ type: 'value' }]
  const save: ApplyEffect<Change> = { type: 'save', pending, end }
  if (end.type === 'prepared' && end.instead === true)
    return [save, { type: 'value' }, { type: 'fall-behind' }]
  return [save, end.waits === true ? { type: 'value' } : { type: 'prove' }]
}
