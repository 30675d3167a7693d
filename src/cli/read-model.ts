import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from '../compare/index.js'
import { usageError } from './exit.js'
import { msOf } from './quantities.js'

/**
 * A model by its name: `push`, `hybrid`, `hybrid:cdn`, `pull`, `pull:10s`, `pull:10s:static`, `adaptive`. Throws a
 * usage error.
 *
 * ```ts
 * readModel('pull:10s')
 * ```
 */
export function readModel(written: string): Model {
  const [kind, ...parts] = written.split(':')
  if (kind === 'push' && parts.length === 0) return pushModel()
  if (kind === 'adaptive' && parts.length === 0) return adaptivePullModel()
  if (kind === 'hybrid' && parts.length <= 1 && (parts[0] ?? 'cdn') === 'cdn')
    return hybridModel({ cdn: parts.length === 1 })
  if (kind === 'pull') {
    const answers = parts.at(-1) === 'static' ? 'static' : 'server'
    const times = answers === 'static' ? parts.slice(0, -1) : parts
    const pollIntervalMs = times[0] === undefined ? 30_000 : msOf(times[0])
    if (times.length <= 1 && pollIntervalMs !== undefined && pollIntervalMs > 0)
      return pullModel({ pollIntervalMs, answers })
  }
  throw usageError('--model is push, hybrid, hybrid:cdn, pull, pull:10s, pull:10s:static or adaptive')
}
