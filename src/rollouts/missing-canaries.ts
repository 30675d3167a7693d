import type { Hasher } from '../contracts/system.js'
import type { Audience } from '../core/release/audience.js'
import type { Observed } from './client-state.js'
import { idOf, idsIn } from './cohort.js'
import type { Member } from './members.js'

/**
 * Clients that were chosen or named for a stage, and neither are healthy nor failed nor are gone in
 * order.
 *
 * ```ts
 * const missing = missingCanaries(exposed, { audience, hasher })
 * ```
 */
export function missingCanaries(
  exposed: readonly Observed[],
  { audience, hasher }: { readonly audience: Audience | undefined; readonly hasher: Hasher },
): readonly Member[] {
  if (audience === undefined) return []
  const named = idsIn(audience)
  if (named.size === 0) return []
  return exposed.flatMap(({ member, state }) => {
    const isDone = state.is === 'healthy' || state.is === 'failed' || state.is === 'left-out'
    return !isDone && named.has(idOf(member.clientId, { salt: audience.salt, hasher })) ? [member] : []
  })
}
