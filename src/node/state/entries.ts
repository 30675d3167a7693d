import { isNoticeboardError } from '../../contracts/errors.js'
import { isLine } from '../../core/json/text.js'

/**
 * An entry of a state file in a list of its own; an empty list where it cannot be read: the rest of
 * the file is worth more. Whatever else `read` throws is thrown.
 *
 * ```ts
 * file.objects('refused', 64).flatMap(shape => ifReadable(() => refusalIn(shape)))
 * ```
 */
export function ifReadable<Entry>(read: () => Entry): readonly Entry[] {
  try {
    return [read()]
  } catch (error) {
    if (isNoticeboardError(error)) return []
    throw error
  }
}

/**
 * One entry of each key, at the place where its key comes first: the one that is newer than all
 * others, and the first of several that none is newer than.
 *
 * ```ts
 * newestOfEach(pardons, { keyOf: ({ digest }) => digest, isNewer: (a, b) => a.at > b.at })
 * ```
 */
export function newestOfEach<Entry>(
  entries: readonly Entry[],
  {
    keyOf,
    isNewer,
  }: {
    readonly keyOf: (entry: Entry) => string
    readonly isNewer: (entry: Entry, than: Entry) => boolean
  },
): readonly Entry[] {
  const found = new Map<string, Entry>()
  for (const entry of entries) {
    const key = keyOf(entry)
    const known = found.get(key)
    if (known === undefined || isNewer(entry, known)) found.set(key, entry)
  }
  return [...found.values()]
}

/** Whether a text can be an application's build in a state file: empty when it has none. */
export function isBuild(text: string): boolean {
  return text === '' || isLine(text)
}
