import type { Identity } from '../../contracts/identity.js'
import type { Json } from '../../contracts/json.js'
import type { Shape } from '../json/shape.js'
import { keepingUnread } from './unread.js'

/**
 * Labels that a client must carry: for each name one of the listed values. Several names are an
 * *and*.
 */
export type LabelMatch = Readonly<Record<string, readonly string[]>>

/**
 * Whether an identity carries the labels. An empty match holds for nobody: empty must never mean
 * everybody.
 *
 * ```ts
 * labelsMatch({ region: ['eu', 'us'] }, identity)
 * ```
 */
export function labelsMatch(match: LabelMatch, { labels }: Pick<Identity, 'labels'>): boolean {
  const names = Object.keys(match)
  return (
    names.length > 0 &&
    names.every(name => {
      const own = Object.hasOwn(labels, name) ? labels[name] : undefined
      return own !== undefined && (match[name] ?? []).includes(own)
    })
  )
}

/**
 * A label match for people.
 *
 * ```ts
 * sayMatch({ region: ['eu', 'us'], tier: ['gold'] }) // region=eu or us, tier=gold
 * ```
 */
export function sayMatch(match: LabelMatch): string {
  return Object.entries(match)
    .map(([name, values]) => `${name}=${values.join(' or ')}`)
    .join(', ')
}

/**
 * Reads a label match. A value that is not a list of texts matches nobody: an unknown condition is
 * false.
 */
export function readLabelMatch(shape: Shape): LabelMatch {
  const unread: Record<string, Json> = {}
  const entries = shape.names().map((name): [string, readonly string[]] => {
    const values = shape.member(name)
    if (Array.isArray(values) && values.every(value => typeof value === 'string'))
      return [name, values as readonly string[]]
    unread[name] = values
    return [name, []]
  })
  const match: LabelMatch = Object.fromEntries(entries)
  return Object.keys(unread).length === 0 ? match : keepingUnread(match, unread)
}
