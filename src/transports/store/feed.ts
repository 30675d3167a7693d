import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { EngineCalls } from './calls.js'

/** A watch that hears of news. */
export interface FeedMember {
  /** Notifications arrive from now on; what came before may have been missed. */
  listening(): void
  changed(namespace: Namespace): void
  lost(error: NoticeboardError): void
}

/**
 * The engine's notifications, shared by all watches of a store: one connection while there is a
 * watch, and none otherwise.
 */
export interface Feed {
  join(member: FeedMember): void
  leave(member: FeedMember): void
  /** Listens anew, since notifications turned out not to arrive. */
  renew(): void
}

interface Line {
  readonly controller: AbortController
  readonly members: Set<FeedMember>
  listening: boolean
}

export interface FeedOptions {
  readonly clock: Clock
  /** How long an engine may take until it listens. */
  readonly timeoutMs: number
}

export function createFeed(
  { name, listen }: Pick<EngineCalls, 'name' | 'listen'>,
  { clock, timeoutMs }: FeedOptions,
): Feed {
  let line: Line | undefined

  const lose = (own: Line, error: unknown): void => {
    if (line === own) line = undefined
    own.controller.abort()
    const lost = asNoticeboardError(error, 'unavailable', `${name} lost the connection of the watch`)
    for (const member of own.members) member.lost(lost)
    own.members.clear()
  }

  const follow = async (own: Line): Promise<void> => {
    const { signal } = own.controller
    const cancel =
      timeoutMs === Number.POSITIVE_INFINITY
        ? () => {}
        : clock.after(timeoutMs, () =>
            lose(
              own,
              new NoticeboardError(
                'unavailable',
                `${name} did not start its notifications within ${timeoutMs} ms`,
              ),
            ),
          )
    try {
      for await (const news of listen?.(signal) ?? []) {
        if (signal.aborted) return
        if (news === 'listening') {
          cancel()
          own.listening = true
          for (const member of own.members) member.listening()
        } else for (const member of own.members) member.changed(news.changed)
      }
      throw new NoticeboardError('unavailable', `${name} ended its notifications`)
    } catch (error) {
      lose(own, error)
    } finally {
      cancel()
    }
  }

  const open = (members: Set<FeedMember>): Line => {
    const own: Line = { controller: new AbortController(), members, listening: false }
    line = own
    void follow(own)
    return own
  }

  return {
    join(member) {
      const own = line ?? open(new Set())
      own.members.add(member)
      if (own.listening) member.listening()
    },
    leave(member) {
      if (line === undefined) return
      line.members.delete(member)
      if (line.members.size > 0) return
      line.controller.abort()
      line = undefined
    },
    renew() {
      if (line === undefined || !line.listening) return
      const members = new Set(line.members)
      line.members.clear()
      line.controller.abort()
      open(members)
    },
  }
}
