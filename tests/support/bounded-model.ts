import fc from 'fast-check'
import { expect } from 'vitest'

/**
 * What a bounded collection is given: which entry, how large it is, and whether it may go first.
 */
export interface BoundedEntry {
  readonly key: number
  /** Its cost against the budget, in bytes; 1 where only entries are counted. */
  readonly bytes: number
  /** Of those that are allowed to go before older ones, such as reports of stopped clients. */
  readonly spent: boolean
  /** Of those that are in use, and stay as long as they are. */
  readonly inUse: boolean
}

/** A bounded collection as the harness drives it. */
export interface Bounded {
  /** Adds an entry, or one that is there already once more; may tell whether it was there. */
  add(entry: BoundedEntry): unknown
  /** Reads an entry as its users do; returns whether it is there. */
  use?(key: number): unknown
  /** Takes an entry out. */
  remove?(key: number): unknown
  /** Goes on in another life: what is kept is written, read and begun with again. */
  reopen?(): unknown
  /** All keys, the one that goes next first; sorted where its users see no order. */
  list?(): readonly number[] | Promise<readonly number[]>
  /** The accounted cost of all entries, where it can be seen. */
  bytes?(): number
}

/** A bounded collection of the source, and what it promises: one line of the table. */
export interface BoundedSubject {
  /** Where its bound stands: the constant's name, or the option's. */
  readonly bound: string
  readonly what: string
  readonly maxEntries: number
  readonly maxBytes?: number
  /** What an entry costs beside its bytes. Default 0. */
  readonly entryBytes?: number
  /** An entry larger than the whole budget is not kept at all, or alone. Default `refused`. */
  readonly oversized?: 'refused' | 'alone'
  /** Whether an entry that is read moves to the young end. Default true. */
  readonly useMoves?: boolean
  /**
   * How many of the oldest are searched for a spent one, which goes first. Default 0: the oldest
   * goes.
   */
  readonly searched?: number
  /** Which entries are in use: they do not go, whatever comes. Default: none. */
  readonly inUse?: (key: number) => boolean
  /** `list` gives the keys sorted. */
  readonly sorted?: true
  /** How many histories are tried. Default 20. */
  readonly runs?: number
  /** After how many steps the whole list is compared. Default 1. */
  readonly compareEvery?: number
  /** The longest history after the collection was filled. Default 150. */
  readonly steps?: number
  readonly open: () => Bounded | Promise<Bounded>
}

/** Which entry a step means; a number picks one of them. */
type Which =
  | { readonly of: 'new' }
  /** One of those that are there, from the one that goes next on. */
  | { readonly of: 'kept'; readonly place: number }
  /** One of those that went, from the last one on. */
  | { readonly of: 'gone'; readonly back: number }

type Step = { readonly type: 'add' | 'use' | 'remove'; readonly which: Which } | { readonly type: 'reopen' }

/** How an entry looks that a key stands for: always the same, as content with its digest is. */
export function entryOf(
  key: number,
  { maxBytes, maxEntries, inUse: isInUse = () => false }: BoundedSubject,
): BoundedEntry {
  const spent = key % 5 === 3
  const inUse = isInUse(key)
  if (maxBytes === undefined) return { key, bytes: 1, spent, inUse }
  // Most are small beside the budget, some take half of it, and one in thirty is larger than all of
  // it.
  const usual = Math.max(8, Math.floor(maxBytes / Math.min(maxEntries, 12)))
  const bytes = key % 30 === 17 ? maxBytes + 9 : key % 11 === 5 ? maxBytes >> 1 : 8 + ((key * 7) % usual)
  return { key, bytes, spent, inUse }
}

/** A plain list with the same promises, the entry that goes next in front. */
function plainList(subject: BoundedSubject) {
  const { maxEntries, maxBytes = Number.POSITIVE_INFINITY, entryBytes = 0 } = subject
  const { oversized = 'refused', useMoves = true, searched = 0 } = subject
  const list = new Map<number, BoundedEntry>()
  const gone: number[] = []
  let newest = -1
  let bytes = 0

  const take = (key: number): BoundedEntry | undefined => {
    const found = list.get(key)
    if (found === undefined) return undefined
    list.delete(key)
    bytes -= found.bytes + entryBytes
    return found
  }
  const push = (entry: BoundedEntry): void => {
    list.set(entry.key, entry)
    bytes += entry.bytes + entryBytes
  }
  const next = (): BoundedEntry | undefined => {
    let oldest: BoundedEntry | undefined
    let left = searched
    for (const entry of list.values()) {
      if (entry.inUse) continue
      oldest ??= entry
      if (left <= 0) break
      if (entry.spent) return entry
      left -= 1
    }
    return oldest
  }

  return {
    has: (key: number): boolean => list.has(key),
    bytes: () => bytes,
    keys: () => [...list.keys()],
    pick(which: Which): number {
      if (which.of === 'new') return (newest += 1)
      if (which.of === 'gone') return gone.at(-1 - which.back) ?? (newest += 1)
      const keys = [...list.keys()]
      return keys[which.place % Math.max(1, keys.length)] ?? (newest += 1)
    },
    add(entry: BoundedEntry) {
      const cost = entry.bytes + entryBytes
      if (oversized === 'refused' && cost > maxBytes) return
      take(entry.key)
      // Room is made before the new entry comes, so that it is never the one that goes.
      for (let last = next(); last !== undefined; last = next()) {
        if (list.size < maxEntries && bytes + cost <= maxBytes) break
        take(last.key)
        gone.push(last.key)
      }
      push(entry)
    },
    use(key: number) {
      const found = useMoves ? take(key) : undefined
      if (found !== undefined) push(found)
    },
    remove: (key: number) => void take(key),
  }
}

/** Histories of additions, repeats, reads, removals and new lives. */
function historyOf({ maxEntries, steps = 150 }: BoundedSubject): fc.Arbitrary<readonly Step[]> {
  const kept = fc
    .oneof(fc.integer({ min: 0, max: 3 }), fc.nat(maxEntries))
    .map((place): Which => ({ of: 'kept', place }))
  const gone = fc.nat(3).map((back): Which => ({ of: 'gone', back }))
  const added = fc.oneof(
    { weight: 5, arbitrary: fc.constant<Which>({ of: 'new' }) },
    { weight: 3, arbitrary: kept },
    { weight: 1, arbitrary: gone },
  )
  const step = fc.oneof(
    { weight: 12, arbitrary: fc.record({ type: fc.constant('add' as const), which: added }) },
    {
      weight: 5,
      arbitrary: fc.record({ type: fc.constant('use' as const), which: fc.oneof(kept, gone) }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), which: kept }) },
    { weight: 1, arbitrary: fc.constant({ type: 'reopen' as const }) },
  )
  return fc.array(step, { minLength: Math.ceil(steps / 2), maxLength: steps, size: 'max' })
}

/**
 * Drives a bounded collection against a plain list, far past its bound: what it holds, in which
 * order it lets go, and what it accounts for must be the list's after every step.
 */
export async function checkBounded(subject: BoundedSubject): Promise<void> {
  const { maxEntries, runs = 20, compareEvery = 1 } = subject
  await fc.assert(
    fc.asyncProperty(historyOf(subject), async history => {
      const real = await subject.open()
      const model = plainList(subject)

      const compare = async (): Promise<void> => {
        if (real.list !== undefined) {
          const keys = subject.sorted ? model.keys().sort((a, b) => a - b) : model.keys()
          expectSame(await real.list(), keys)
        }
        if (real.bytes !== undefined) expect(real.bytes()).toBe(model.bytes())
      }
      const add = async (which: Which): Promise<void> => {
        const key = model.pick(which)
        const was = await real.add(entryOf(key, subject))
        if (typeof was === 'boolean') expect({ key, was }).toEqual({ key, was: model.has(key) })
        model.add(entryOf(key, subject))
      }
      const run = async (step: Step): Promise<void> => {
        if (step.type === 'reopen') return void (await real.reopen?.())
        if (step.type === 'add') return add(step.which)
        const key = model.pick(step.which)
        if (step.type === 'remove' && real.remove !== undefined) {
          await real.remove(key)
          model.remove(key)
        }
        if (step.type === 'use' && real.use !== undefined) {
          expect({ key, there: await real.use(key) }).toEqual({ key, there: model.has(key) })
          model.use(key)
        }
      }

      for (let filled = 0; filled < maxEntries - 3; filled += 1) await add({ of: 'new' })
      await compare()
      for (const [index, step] of history.entries()) {
        await run(step)
        if (index % compareEvery === 0) await compare()
      }
      await compare()
    }),
    { numRuns: runs },
  )
}

/** Says where two lists part, since lists of thousands do not fit a message. */
function expectSame(found: readonly number[], wanted: readonly number[]): void {
  const at = [...found, undefined].findIndex((key, index) => key !== wanted[index])
  const told = (list: readonly number[]): object => ({
    length: list.length,
    at,
    keys: list.slice(at, at + 4),
  })
  if (found.length !== wanted.length || at < found.length) expect(told(found)).toEqual(told(wanted))
}
