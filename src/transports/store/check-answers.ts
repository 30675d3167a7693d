import { NoticeboardError } from '../../contracts/errors.js'
import { isBytes } from '../../core/built-ins.js'
import type { Entry, Key, KeyPage } from './engine.js'

type Outcome = 'written' | 'refused'

/**
 * What `read` answered. Throws `internal`, saying what to change, for what is no answer to these
 * keys, so that a slip in an engine is not taken for a store that is empty or lost.
 */
export function checkEntries(
  name: string,
  keys: readonly Key[],
  entries: unknown,
): readonly (Entry | undefined)[] {
  if (!Array.isArray(entries))
    return refuse(name, `read() resolved to ${named(entries)}; return an array with an entry for each key`)
  if (entries.length !== keys.length)
    refuse(
      name,
      `read() gave ${entries.length} entries for ${keys.length} keys; give one for each, \`undefined\` where there is no value`,
    )
  for (const entry of entries as readonly (Partial<Entry> | null | undefined)[]) {
    if (entry === undefined) continue
    if (entry === null || typeof entry !== 'object')
      refuse(
        name,
        `read() gave ${named(entry)} in place of an entry; give \`undefined\` where there is no value`,
      )
    if (!isBytes(entry.value))
      refuse(name, `read() gave an entry whose \`value\` is ${named(entry.value)}; give a Uint8Array`)
    if (typeof entry.version !== 'string')
      refuse(name, `read() gave an entry whose \`version\` is ${named(entry.version)}; give a string`)
  }
  return entries as readonly (Entry | undefined)[]
}

/** What `write` answered. Throws `internal` for anything but its two outcomes. */
export function checkOutcome(name: string, outcome: unknown): Outcome {
  if (outcome === 'written' || outcome === 'refused') return outcome
  return refuse(
    name,
    `write() resolved to ${named(outcome)}; return 'written', or 'refused' where a condition does not hold`,
  )
}

/**
 * What `list` answered. Throws `internal` for a page that is not the one that was asked for: pages
 * that do not come to an end, or skip keys, would show nowhere else.
 */
export function checkPage(name: string, { prefix, before, limit }: KeyPage, page: unknown): readonly Key[] {
  if (!Array.isArray(page)) return refuse(name, `list() resolved to ${named(page)}; return an array of keys`)
  if (page.length > limit)
    refuse(name, `list() gave ${page.length} keys; give \`limit\` of them at most, ${limit}`)
  let last = before
  for (const key of page as readonly unknown[]) {
    if (typeof key !== 'string') return refuse(name, `list() gave ${named(key)} in place of a key`)
    if (!key.startsWith(prefix)) refuse(name, 'list() gave a key that does not begin with `prefix`')
    if (last !== undefined && key >= last)
      refuse(
        name,
        last === before
          ? 'list() gave a key that does not come before `before`; keys are ordered by their bytes, and `before` is left out'
          : 'list() gave keys that do not descend; give the last one first, ordered by their bytes',
      )
    last = key
  }
  return page as readonly Key[]
}

function refuse(name: string, problem: string): never {
  throw new NoticeboardError('internal', `the engine of ${name} is not as it should be: ${problem}`)
}

/** What something is, without what it says. */
function named(value: unknown): string {
  return value === null || value === undefined
    ? String(value)
    : Array.isArray(value)
      ? 'an array'
      : `a ${typeof value}`
}
