import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from '../compare/index.js'
import { usageError } from './exit.js'
import { msOf } from './quantities.js'

/**
 * A model by its name: `push`, `hybrid` and `hybrid:cdn`, each with a heartbeat as in `push:2s`, or
 * `pull`, `pull:10s`, `pull:10s:static`, `adaptive`; all of them also with deltas, as in
 * `push:deltas`. Throws a usage error.
 *
 * ```ts
 * readModel('pull:10s')
 * ```
 */
export function readModel(written: string): Model {
  const [kind, ...all] = written.split(':')
  const deltas = all.at(-1) === 'deltas'
  const parts = deltas ? all.slice(0, -1) : all
  if (kind === 'adaptive' && parts.length === 0) return adaptivePullModel({ deltas })
  if (kind === 'push' || kind === 'hybrid') {
    const cdn = kind === 'hybrid' && parts[0] === 'cdn'
    const [time, ...rest] = cdn ? parts.slice(1) : parts
    const heartbeatMs = time === undefined ? undefined : msOf(time)
    const isOne = rest.length === 0 && (time === undefined || (heartbeatMs ?? 0) > 0)
    const options = { deltas, ...(heartbeatMs !== undefined && { heartbeatMs }) }
    if (isOne) return kind === 'push' ? pushModel(options) : hybridModel({ ...options, cdn })
  }
  if (kind === 'pull') {
    const answers = parts.at(-1) === 'static' ? 'static' : 'server'
    const times = answers === 'static' ? parts.slice(0, -1) : parts
    const pollIntervalMs = times[0] === undefined ? 30_000 : msOf(times[0])
    if (times.length <= 1 && pollIntervalMs !== undefined && pollIntervalMs > 0)
      return pullModel({ pollIntervalMs, answers, deltas })
  }
  throw usageError(
    '--model must be push, hybrid or hybrid:cdn, also with a heartbeat as in push:2s, pull, pull:10s, pull:10s:static or adaptive, each also with :deltas at its end',
  )
}
