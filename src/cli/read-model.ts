import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from '../compare/index.js'
import { MOST_WORKERS } from '../server/together/most-workers.js'
import { usageError } from './exit.js'
import { msOf } from './quantities.js'

/**
 * A model by its name: `push`, `hybrid` and `hybrid:cdn`, each with a heartbeat as in `push:2s`, or
 * `pull`, `pull:10s`, `pull:10s:static`, `adaptive`; all of them also with deltas, as in
 * `push:deltas`, all that a server answers with workers, as in `push:workers=3`, and push also over
 * compressed streams, as in `push:gzip`. Throws a usage error.
 *
 * ```ts
 * readModel('pull:10s')
 * ```
 */
export function readModel(written: string): Model {
  const [kind, ...all] = written.split(':')
  const { parts, compressed, ...variant } = variantOf(all)
  // Only what comes along on a stream is compressed there.
  if (compressed && kind !== 'push') throw unknownModel()
  if (kind === 'adaptive' && parts.length === 0) return adaptivePullModel(variant)
  if (kind === 'push' || kind === 'hybrid') {
    const cdn = kind === 'hybrid' && parts[0] === 'cdn'
    const [time, ...rest] = cdn ? parts.slice(1) : parts
    const heartbeatMs = time === undefined ? undefined : msOf(time)
    const isOne = rest.length === 0 && (time === undefined || (heartbeatMs ?? 0) > 0)
    const options = { ...variant, ...(heartbeatMs !== undefined && { heartbeatMs }) }
    if (isOne)
      return kind === 'push' ? pushModel({ ...options, compressed }) : hybridModel({ ...options, cdn })
  }
  if (kind === 'pull') {
    const answers = parts.at(-1) === 'static' ? 'static' : 'server'
    const times = answers === 'static' ? parts.slice(0, -1) : parts
    const pollIntervalMs = times[0] === undefined ? 30_000 : msOf(times[0])
    const isOne = times.length <= 1 && pollIntervalMs !== undefined && pollIntervalMs > 0
    // Nobody's workers serve a folder.
    if (isOne && !(answers === 'static' && variant.workers !== undefined))
      return pullModel({ ...variant, pollIntervalMs, answers })
  }
  throw unknownModel()
}

function unknownModel(): Error {
  return usageError(
    '--model must be push, hybrid or hybrid:cdn, also with a heartbeat as in push:2s, pull, pull:10s, pull:10s:static or adaptive, each also with :deltas or, but for static, :workers=3 at its end, and push with :gzip',
  )
}

/** What stands at the end of a name, in any order, each once; and what stands before it. */
function variantOf(all: readonly string[]): {
  readonly parts: readonly string[]
  readonly deltas: boolean
  readonly compressed: boolean
  readonly workers?: number
} {
  const parts = [...all]
  let [deltas, compressed] = [false, false]
  let workers: number | undefined
  for (let last = parts.at(-1); last !== undefined; last = parts.at(-1)) {
    const [, count] = /^workers=(\d{1,2})$/.exec(last) ?? []
    if (last === 'deltas' && !deltas) deltas = true
    else if (last === 'gzip' && !compressed) compressed = true
    else if (count !== undefined && workers === undefined && isCount(Number(count))) workers = Number(count)
    else break
    parts.pop()
  }
  return { parts, deltas, compressed, ...(workers !== undefined && { workers }) }
}

function isCount(workers: number): boolean {
  return workers >= 1 && workers <= MOST_WORKERS
}
