import type { PreviousLife } from '../../contracts/report.js'
import type { SavedLife } from '../../contracts/state.js'

/**
 * How the last of these lives ended: the one that started last. Undefined where there was none. One
 * that did not say that it ended in order has died.
 */
export function previousLife(lives: readonly SavedLife[]): PreviousLife | undefined {
  const [last] = [...lives].sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1))
  if (last === undefined) return undefined
  const { instanceId, digest, ended, ranMs } = last
  return {
    instanceId,
    ...(digest !== undefined && { digest }),
    end: ended === true ? 'clean' : 'abrupt',
    ranMs,
  }
}
