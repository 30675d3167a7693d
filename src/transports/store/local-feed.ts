import type { EngineCalls } from './calls.js'
import type { Feed, FeedMember } from './feed.js'
import { changedBy } from './keys.js'

/**
 * Notifications of an engine that has none: watches of a store hear at once what is written through
 * the same store, and find the rest when they compare themselves with it.
 */
export function withLocalFeed(calls: EngineCalls): { readonly calls: EngineCalls; readonly feed: Feed } {
  const members = new Set<FeedMember>()
  return {
    calls: {
      ...calls,
      async write(batch, signal) {
        const outcome = await calls.write(batch, signal)
        const changed = outcome === 'written' ? changedBy(batch) : undefined
        if (changed !== undefined) for (const member of members) member.changed(changed)
        return outcome
      },
    },
    feed: {
      join(member) {
        members.add(member)
        member.listening()
      },
      leave: member => void members.delete(member),
      renew: () => {},
    },
  }
}
