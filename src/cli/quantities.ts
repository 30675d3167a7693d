import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from '../compare/index.js'
import type { Arguments } from './arguments.js'
import { usageError } from './exit.js'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }

/**
 * A length of time as people write it: `500ms`, `5s`, `2min`, `1h`. Throws a usage error.
 *
 * ```ts
 * readMs(args, 'kill-switch')
 * ```
 */
export function readMs(args: Arguments, name: string): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  const value = msOf(written)
  if (value === undefined) throw usageError(`--${name} wants a time such as 500ms, 5s, 2min or 1h`)
  return value
}

/**
 * A number. Throws a usage error.
 *
 * ```ts
 * readNumber(args, 'clients')
 * ```
 */
export function readNumber(args: Arguments, name: string): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  if (!/^\d+(\.\d+)?$/.test(written)) throw usageError(`--${name} wants a number`)
  return Number(written)
}

/**
 * A share as people write it: `2%`. Throws a usage error.
 *
 * ```ts
 * readShare(args, 'offline') // 0.02
 * ```
 */
export function readShare(args: Arguments, name: string): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(written) ?? []
  if (percent === undefined) throw usageError(`--${name} wants a share such as 2%`)
  return Number(percent) / 100
}

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

function msOf(written: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|h)$/.exec(written) ?? []
  return number === undefined ? undefined : Number(number) * (UNITS[unit ?? ''] ?? 1)
}
