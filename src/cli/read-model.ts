import { adaptivePullModel, hybridModel, pullModel, pushModel, type Model } from '../compare/index.js'
import { boundsOf } from '../compare/workload.js'
import { MOST_WORKERS } from '../server/together/most-workers.js'
import { usageError } from './exit.js'
import { msOf } from './quantities.js'

/**
 * A model by its name: `push`, `hybrid` and `hybrid:cdn`, each with a heartbeat as in `push:2s`, or
 * `pull`, `pull:10s`, `pull:10s:static`, `adaptive`. At its end stand variants, in any order: of all
 * of them `deltas` and `relays=4`; of all that a server answers `workers=3`; of push `gzip`; of pull
 * `hops=45s+14min`; of adaptive `share=10%`, `least=5s` and `most=5min`. Throws a usage error.
 *
 * ```ts
 * readModel('pull:10s:relays=4')
 * ```
 */
export function readModel(written: string): Model {
  const [kind = '', ...all] = written.split(':')
  const first = all.findIndex(part => VARIANT.test(part))
  const parts = first === -1 ? all : all.slice(0, first)
  const variants = variantsOf(first === -1 ? [] : all.slice(first))
  const model = variants && modelOf(kind, { parts, variants })
  if (model !== undefined) return model
  throw unknownModel(written)
}

/**
 * The models of a command line. Throws a usage error for what is no model, and where two are one.
 *
 * ```ts
 * readModels(['hybrid', 'pull:10s'])
 * ```
 */
export function readModels(written: readonly string[]): readonly Model[] {
  const models = written.map(readModel)
  for (const [index, { name }] of models.entries()) {
    const first = models.findIndex(other => other.name === name)
    if (first === index) continue
    const [one = '', other = ''] = [written[first], written[index]]
    throw usageError(
      one === other
        ? `--model ${one} is named twice: leave one out`
        : `--model ${one} and --model ${other} are the same model, ${name}: leave one out`,
    )
  }
  return models
}

const VARIANT = /^(?:deltas|gzip|\w+=.*)$/

/** What stands at the end of a name; undefined where it does not. */
interface Variants {
  readonly deltas?: boolean
  readonly relays?: number
  readonly workers?: number
  readonly gzip?: boolean
  readonly hops?: readonly number[]
  readonly share?: number
  readonly least?: number
  readonly most?: number
}

/** Undefined where there is no such model. */
function modelOf(
  kind: string,
  { parts, variants }: { readonly parts: readonly string[]; readonly variants: Variants },
): Model | undefined {
  const { gzip, hops, share, least, most, ...common } = variants
  const has = (...values: readonly unknown[]): boolean => values.some(value => value !== undefined)
  switch (kind) {
    case 'push':
    case 'hybrid': {
      if (has(hops, share, least, most) || (kind === 'hybrid' && has(gzip))) return undefined
      const cdn = kind === 'hybrid' && parts[0] === 'cdn'
      const period = periodOf(cdn ? parts.slice(1) : parts)
      if (period === undefined) return undefined
      const options = { ...common, ...(period.ms !== undefined && { heartbeatMs: period.ms }) }
      return kind === 'push'
        ? pushModel({ ...options, compressed: gzip ?? false })
        : hybridModel({ ...options, cdn })
    }
    case 'pull': {
      const answers = parts.at(-1) === 'static' ? 'static' : 'server'
      const period = periodOf(answers === 'static' ? parts.slice(0, -1) : parts)
      // Nobody's workers serve a folder.
      const isPull = !has(gzip, share, least, most) && !(answers === 'static' && has(common.workers))
      if (period === undefined || !isPull) return undefined
      return pullModel({
        ...common,
        answers,
        ...(period.ms !== undefined && { pollIntervalMs: period.ms }),
        ...(hops !== undefined && { hops }),
      })
    }
    case 'adaptive':
      if (parts.length > 0 || has(gzip, hops)) return undefined
      return adaptivePullModel({
        ...common,
        ...(share !== undefined && { share }),
        ...(least !== undefined && { leastMs: least }),
        ...(most !== undefined && { mostMs: most }),
      })
    default:
      return undefined
  }
}

/** The one time that may stand in a name; undefined where something else does. */
function periodOf(parts: readonly string[]): { readonly ms: number | undefined } | undefined {
  const [time, ...more] = parts
  if (time === undefined) return { ms: undefined }
  const ms = timeOf(time)
  return ms === undefined || more.length > 0 ? undefined : { ms }
}

function timeOf(written: string): number | undefined {
  const ms = msOf(written)
  return ms !== undefined && ms > 0 ? ms : undefined
}

/** As many as there may be servers. */
const [, RELAYS] = boundsOf('servers')

/** How each variant is read; undefined for what it cannot be. */
const READS: { readonly [Name in keyof Variants]-?: (value: string) => Variants[Name] | undefined } = {
  deltas: value => value === '' || undefined,
  gzip: value => value === '' || undefined,
  relays: value => countOf(value, RELAYS),
  workers: value => countOf(value, MOST_WORKERS),
  hops(value) {
    const all = value.split('+').map(timeOf)
    const known = all.filter(ms => ms !== undefined)
    return known.length === all.length ? known : undefined
  },
  share(value) {
    const [, percent] = /^(\d+(?:\.\d+)?)%$/.exec(value) ?? []
    return Number(percent) > 0 ? Number(percent) / 100 : undefined
  },
  least: timeOf,
  most: timeOf,
}

/** Each of them once, in any order; undefined where something else stands there. */
function variantsOf(written: readonly string[]): Variants | undefined {
  const read: Record<string, unknown> = {}
  for (const part of written) {
    const [name = '', value = ''] = part.split(/=(.*)/, 2)
    const found = Object.hasOwn(READS, name) ? READS[name as keyof Variants](value) : undefined
    if (found === undefined || Object.hasOwn(read, name)) return undefined
    read[name] = found
  }
  return read
}

function countOf(written: string, most: number): number | undefined {
  const count = /^\d{1,5}$/.test(written) ? Number(written) : 0
  return count >= 1 && count <= most ? count : undefined
}

/** A time of 0 in a name, whatever its unit. */
const NO_TIME = /[:=+]0+(?:\.0+)?(?:ms|s|min|h|d)(?=[:+]|$)/

function unknownModel(written: string): Error {
  if (NO_TIME.test(written))
    throw usageError(
      `${JSON.stringify(written.slice(0, 60))} is no model: each time in --model must be above 0`,
    )
  return usageError(
    `${JSON.stringify(written.slice(0, 60))} is no model: --model must be push, hybrid or hybrid:cdn, also with a heartbeat as in push:2s, pull, pull:10s, pull:10s:static or adaptive; at the end of each may stand :deltas, :relays=4 and, but for static, :workers=3, of push :gzip, of pull :hops=45s+14min, of adaptive :share=10%:least=5s:most=5min`,
  )
}
