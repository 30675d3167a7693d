import type { JsonObject } from '../../contracts/json.js'
import { isPlainObject } from '../built-ins.js'
import type { Shape } from '../json/shape.js'

/**
 * Holds the members of a part of a release that this version does not know. A symbol, so that a copy
 * made by spreading has them too, and nobody else sees them.
 */
const UNREAD = Symbol('unread')

/**
 * What was read of a part of a release, with the members besides: whoever writes it again writes
 * them too. `known` are the names of the format.
 */
export function withUnread<Part extends object>(part: Part, shape: Shape, known: ReadonlySet<string>): Part {
  const names = shape.names().filter(name => !known.has(name))
  if (names.length === 0) return part
  return keepingUnread(part, Object.fromEntries(names.map(name => [name, shape.member(name)])))
}

/** A part of a release with members that this version does not know; those it had are replaced. */
export function keepingUnread<Part extends object>(part: Part, unread: JsonObject | undefined): Part {
  return unread === undefined ? part : { ...part, [UNREAD]: unread }
}

/** The members of a part that this version does not know; undefined where it has none. */
export function unreadOf(part: object): JsonObject | undefined {
  return UNREAD in part ? (part[UNREAD] as JsonObject) : undefined
}

/**
 * A release as it is written: with the members, at every level, that were read and not understood.
 * Where one was understood only as `other`, a clause as `unknown`, or labels as none, what was read
 * stands.
 */
export function written(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(written)
  // What is not plain is none of a release's, and refused where it is written.
  if (!isPlainObject(value)) return value
  const { unknown, ...members } = value
  const said = Object.fromEntries(Object.entries(members).map(([name, member]) => [name, written(member)]))
  const unread = unreadOf(value)
  if (unread === undefined) return unknown === undefined ? said : { ...said, unknown: written(unknown) }
  const kept = Object.entries(unread).filter(([name]) => !Object.hasOwn(said, name) || standsIn(said[name]))
  return { ...said, ...Object.fromEntries(kept) }
}

/** Whether this is what a reader has in the place of what it does not understand. */
function standsIn(member: unknown): boolean {
  return member === undefined || member === 'other' || (Array.isArray(member) && member.length === 0)
}
