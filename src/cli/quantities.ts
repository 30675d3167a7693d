import type { Arguments } from './arguments.js'
import { usageError } from './exit.js'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * A length of time as people write it: `500ms`, `5s`, `2min`, `1h`, `2d`. Throws a usage error.
 *
 * ```ts
 * readMs(args, 'kill-switch')
 * ```
 */
export function readMs(args: Arguments, name: string): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  const value = msOf(written)
  if (value === undefined) throw usageError(`--${name} must be a time such as 500ms, 5s, 2min, 1h or 2d`)
  return value
}

/**
 * A number of 0 or more. Throws a usage error.
 *
 * ```ts
 * readNumber(args, 'clients')
 * ```
 */
export function readNumber(args: Arguments, name: string): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  if (!/^\d+(\.\d+)?$/.test(written))
    throw usageError(
      `--${name} must be a number of 0 or more, as 3000 or 0.5, not ${JSON.stringify(written.slice(0, 60))}`,
    )
  return Number(written)
}

const SIZES: Readonly<Record<string, number>> = { B: 1, KB: 1_000, MB: 1e6, KiB: 1_024, MiB: 1_048_576 }

/**
 * A size as people write it: `20480`, `600KB`, `1MiB`. Throws a usage error.
 *
 * ```ts
 * readBytes(args, 'bytes')
 * ```
 */
export function readBytes(args: Arguments, name: string): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  const [, number, unit = 'B'] = /^(\d+(?:\.\d+)?)(B|KB|MB|KiB|MiB)?$/.exec(written) ?? []
  if (number === undefined) throw usageError(`--${name} must be a size such as 20480, 600KB, 64KiB or 1MB`)
  return Math.round(Number(number) * (SIZES[unit] ?? 1))
}

/**
 * A share as people write it: `2%`. Throws a usage error, with an example that suits what it is of.
 *
 * ```ts
 * readShare(args, 'offline') // 0.02
 * ```
 */
export function readShare(args: Arguments, name: string, example = '2%'): number | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(written) ?? []
  if (percent === undefined) throw usageError(`--${name} must be a share such as ${example}`)
  return Number(percent) / 100
}

/**
 * The milliseconds of a length of time as people write it; undefined where it is none.
 *
 * ```ts
 * msOf('2min') // 120,000
 * ```
 */
export function msOf(written: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|min|h|d)$/.exec(written) ?? []
  return number === undefined ? undefined : Number(number) * (UNITS[unit ?? ''] ?? 1)
}
