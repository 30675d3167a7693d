import type { Json } from '../../../src/contracts/json.js'
import type { Chance } from '../../support/chance.js'

/**
 * JSON as its text has it: members may come twice and in any order, and a scalar is whatever is
 * written there.
 */
export type Tree =
  | { readonly kind: 'object'; members: [key: string, value: Tree][] }
  | { readonly kind: 'list'; items: Tree[] }
  | { readonly kind: 'scalar'; text: string }

/** A value as a tree that may be changed. */
export function treeOf(value: Json): Tree {
  if (Array.isArray(value)) return { kind: 'list', items: (value as Json[]).map(treeOf) }
  if (typeof value === 'object' && value !== null)
    return {
      kind: 'object',
      members: Object.entries(value).map(([key, part]) => [JSON.stringify(key), treeOf(part as Json)]),
    }
  return { kind: 'scalar', text: JSON.stringify(value) }
}

/** Writes a tree. Sorted, and without white space, a well-formed one is canonical. */
export function writeTree(
  tree: Tree,
  { sorted, space }: { readonly sorted: boolean; readonly space: string },
): string {
  switch (tree.kind) {
    case 'scalar':
      return tree.text
    case 'list':
      return `[${space}${tree.items.map(item => writeTree(item, { sorted, space })).join(`,${space}`)}]`
    case 'object': {
      const members = sorted
        ? tree.members.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
        : tree.members
      return `{${space}${members.map(([key, part]) => `${key}${space}:${writeTree(part, { sorted, space })}`).join(`,${space}`)}}`
    }
  }
}

/** Changes one place of a tree, somewhere. */
export function mutateTree(tree: Tree, donor: Tree, chance: Chance): void {
  const place = somewhere(tree, chance)
  const part = copyOf(childOf(somewhere(donor, chance), chance))
  if (place.kind === 'scalar') {
    place.text = chance.pick(SCALARS)
    return
  }
  if (place.kind === 'list') {
    const at = chance.below(place.items.length + 1)
    switch (chance.below(12)) {
      case 0:
      case 1:
        place.items.splice(at, 1)
        return
      case 2:
      case 3:
        place.items.splice(at, 0, part)
        return
      case 4:
      case 5:
        place.items[Math.min(at, place.items.length)] = { kind: 'scalar', text: chance.pick(SCALARS) }
        return
      case 6:
        place.items = Array<Tree>(chance.oneIn(20) ? 600 : chance.pick([17, 65, 129])).fill(
          copyOf(place.items[0] ?? part),
        )
        return
      default:
        place.items[Math.min(at, place.items.length)] = chance.oneIn(4) ? nested(chance, part) : part
        return
    }
  }
  const at = chance.below(place.members.length)
  const member = place.members[at]
  switch (chance.below(8)) {
    case 0:
      place.members.splice(at, 1)
      return
    case 1:
      place.members.push([chance.pick(KEYS), part])
      return
    case 2:
      if (member !== undefined) member[0] = chance.pick(KEYS)
      return
    case 3:
      // The same key twice, which JSON.parse takes silently.
      if (member !== undefined) place.members.push([member[0], part])
      return
    case 4:
      if (member !== undefined) member[1] = chance.oneIn(4) ? nested(chance, part) : part
      return
    case 5:
      place.members.push(
        ...Array.from({ length: 70 }, (_, index): [string, Tree] => [
          `"k${index}"`,
          { kind: 'scalar', text: '"v"' },
        ]),
      )
      return
    default:
      if (member !== undefined) member[1] = { kind: 'scalar', text: chance.pick(SCALARS) }
  }
}

function somewhere(tree: Tree, chance: Chance): Tree {
  let at = tree
  while (!chance.oneIn(4)) {
    const child = childOf(at, chance)
    if (child === at) break
    at = child
  }
  return at
}

/**
 * As its text: a part that came from elsewhere is not changed any more, and does not grow without
 * end.
 */
function copyOf(tree: Tree): Tree {
  const text = writeTree(tree, { sorted: true, space: '' })
  return { kind: 'scalar', text: text.length > 4_000 ? 'null' : text }
}

function childOf(tree: Tree, chance: Chance): Tree {
  if (tree.kind === 'list' && tree.items.length > 0) return chance.pick(tree.items)
  if (tree.kind === 'object' && tree.members.length > 0) return chance.pick(tree.members)[1]
  return tree
}

function nested(chance: Chance, inner: Tree): Tree {
  const levels = chance.pick([1, 60, 64, 66, 2_000])
  const text = writeTree(inner, { sorted: true, space: '' })
  return {
    kind: 'scalar',
    text: chance.oneIn(2)
      ? '['.repeat(levels) + text + ']'.repeat(levels)
      : '{"a":'.repeat(levels) + text + '}'.repeat(levels),
  }
}

/** Spellings of scalars that formats trip over. */
export const SCALARS: readonly string[] = [
  'null', 'true', 'false', '0', '-0', '1', '-1', '1.0', '1e0', '0.1', '1e400', '-1e400', '1e-400', '1E5', '4294967296', '4294967297',
  '9007199254740991', '9007199254740992', '9007199254740993', '12345678901234567890', '1e21', '1e22', '01', '+1', '.5', '1.', 'NaN', 'Infinity', 'undefined',
  '""', '"x"', '" "', '"a\\nb"', '"\\u0000"', '"\\u0041"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"😀"', '"\ufeff"', '"\u2028"', '"é"', '"e\u0301"',
  '"__proto__"', '"constructor"', '"../../etc"', '"con"', '"a/b/c/d/e"', '"a.json"', '"1-9f3a01bc"', '"0-9f3a01bc"', '"1-9F3A01BC"', '"999999999-00000000"',
  '"2026-11-21T09:30:00.000Z"', '"2026-02-30T09:30:00.000Z"', '"2026-11-21T24:00:00.000Z"', '"2026-11-21"', '"+010000-01-01T00:00:00.000Z"',
  `"${'a'.repeat(64)}"`, `"${'A'.repeat(64)}"`, `"${'0'.repeat(63)}"`, `"${'x'.repeat(257)}"`, `"${'ü'.repeat(200)}"`, '[]', '{}', '[null]', '{"":0}',
] // prettier-ignore

/** Keys, as they are written, that must not mean anything but themselves. */
const KEYS: readonly string[] = [
  '"__proto__"', '"\\u005f_proto__"', '"constructor"', '"prototype"', '"toString"', '"hasOwnProperty"', '"__defineGetter__"', '"length"', '"0"', '"1"', '"01"', '""', '" "',
  '"v"', '"crit"', '"candidate"', '"audience"', '"prev"', '"when"', '"labels"', '"ids"', '"later"', '"\\u0000"', '"\\ud800"', '"é"', '"\u{10ffff}"', '"\ufb33"', 'x', "'v'",
] // prettier-ignore
