import type { Member } from './members.js'

/**
 * Whether a restart of a client would not find what runs, though the client should be there again:
 * what kills its process kills it each time.
 */
export function isUnprotected({ identity, current }: Member): boolean {
  return !identity.ephemeral && current.some(({ protection }) => protection === 'none')
}

/** How many of these clients are not protected, for people; nothing where all are. */
export function sayUnprotected(members: readonly Member[]): readonly string[] {
  const count = members.filter(isUnprotected).length
  return count === 0 ? [] : [sayNotProtected(count, members.length, 'clients')]
}

/**
 * What is said of clients, or instances, that are not protected.
 *
 * ```ts
 * sayNotProtected(12, 60, 'clients') // 12 of 60 clients are not protected: …
 * ```
 */
export function sayNotProtected(count: number, of: number, what: 'clients' | 'instances'): string {
  return `${count} of ${of} ${what} are not protected: their state does not outlive a restart, or did not answer in time; noticeboard status --all marks them`
}
