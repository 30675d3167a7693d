import { canReport, canWatch, mintsMarks } from '../../contracts/capabilities.js'
import type { Namespace } from '../../contracts/names.js'
import { comparePositions } from '../../contracts/position.js'
import type { Hasher } from '../../contracts/system.js'
import type {
  ReportTransport,
  StandingQuery,
  Store,
  Transport,
  WatchTransport,
} from '../../contracts/transport.js'
import { beginsAbove, follows } from '../release/log-order.js'
import { identifyRelease } from '../release/release.js'
import { createBoardMemory, type BoardMemory } from './board-memory.js'
import { wentBackError, type LogPlace } from './went-back.js'

/** A store with a memory of what was read of it in this process. */
export interface RememberingStore extends Store {
  readonly memory: BoardMemory
}

/** One memory a store, whoever uses it in this process. */
const wrapped = new WeakMap<object, RememberingStore>()

/**
 * The same store, remembering the newest release of each namespace. Where the store does not have
 * it any more (a backup was restored under a running process, a database flushed, a volume
 * unmounted), it goes on reading what the store says, takes no release but the first of an epoch
 * above all that was read, and says so in `reports`. Writing throws `store-damaged` then. The same
 * wrapper for the same store, so that all in a process know the same.
 *
 * ```ts
 * const board = rememberingStore(fileStore('/var/lib/board'), systemHasher)
 * board.memory.wentBack('checkout/prod') // undefined
 * ```
 */
export function rememberingStore(store: Store, hasher: Hasher): RememberingStore {
  if (isRemembering(store)) return store
  const known = wrapped.get(store)
  if (known !== undefined) return known
  const made = remember(store, hasher)
  wrapped.set(store, made)
  return made
}

/**
 * The same, for a store whose truth is read here: of a remote one its own server remembers, and
 * what lies between may lag.
 *
 * ```ts
 * const board = remembering(httpStore(url), systemHasher) // as it is
 * ```
 */
export function remembering(store: Store, hasher: Hasher): Store {
  return mintsMarks(store) ? rememberingStore(store, hasher) : store
}

/**
 * The memory of a store that has one.
 *
 * ```ts
 * memoryOf(store)?.wentBack('checkout/prod')
 * ```
 */
export function memoryOf(store: Transport): BoardMemory | undefined {
  return isRemembering(store) ? store.memory : undefined
}

/**
 * Throws `store-damaged` where a store is known to have gone back: what it says is the newest is
 * not.
 *
 * ```ts
 * assertDidNotGoBack(store, 'checkout/prod')
 * ```
 */
export function assertDidNotGoBack(store: Transport, namespace: Namespace): void {
  const memory = memoryOf(store)
  if (memory !== undefined) assertStillThere(memory, namespace)
}

function assertStillThere(memory: BoardMemory, namespace: Namespace): void {
  const wentBack = memory.wentBack(namespace)
  if (wentBack !== undefined) throw wentBackError(namespace, wentBack)
}

function isRemembering(store: Transport): store is RememberingStore {
  return 'memory' in store && typeof (store.memory as Partial<BoardMemory> | undefined)?.hear === 'function'
}

function remember(store: Store, hasher: Hasher): RememberingStore {
  const memory = createBoardMemory(hasher)
  const { name, maxSnapshotBytes } = store

  /** Whether the log still has a release where it was. */
  const stillHas = async (
    namespace: Namespace,
    { position, digest }: LogPlace,
    signal: AbortSignal,
  ): Promise<boolean> => {
    const after = { epoch: position.epoch, sequence: position.sequence - 1 }
    const answer = await store.next?.({ namespace, after }, signal)
    // A store whose log cannot be walked is believed.
    if (answer === undefined) return true
    return answer.type === 'release' && identifyRelease(hasher, answer.bytes).digest === digest
  }

  const latest: Store['latest'] = async (query, signal) => {
    const { namespace } = query
    const since = memory.known(namespace)
    const answer = await store.latest(query, signal)
    if (answer.type === 'unchanged') return answer
    await memory.hear({
      namespace,
      bytes: answer.type === 'release' ? answer.bytes : undefined,
      since,
      stillHas: place => stillHas(namespace, place, signal),
    })
    return answer
  }

  /** Asks the store, and throws `store-damaged` where it turns out to have gone back. */
  const assertStands = async (namespace: Namespace, signal: AbortSignal): Promise<void> => {
    await latest({ namespace }, signal)
    assertStillThere(memory, namespace)
  }

  const append: Store['append'] = async (query, signal) => {
    const { namespace, at, bytes } = query
    const known = memory.known(namespace)
    const isNext =
      known !== undefined &&
      (memory.wentBack(namespace) === undefined
        ? follows(at, known.position)
        : beginsAbove(at, known.position))
    if (known !== undefined && !isNext) await assertStands(namespace, signal)
    const outcome = await store.append(query, signal)
    if (outcome === 'appended') memory.appended(namespace, bytes)
    else if (known !== undefined) await assertStands(namespace, signal)
    return outcome
  }

  return {
    memory,
    name,
    maxSnapshotBytes,
    get durability() {
      return store.durability
    },
    ...(store.local !== undefined && { local: store.local }),
    ...(store.unmanaged !== undefined && { unmanaged: store.unmanaged }),
    latest,
    append,
    snapshot: (query, signal) => store.snapshot(query, signal),
    put: (query, signal) => store.put(query, signal),
    history: (query, signal) => store.history(query, signal),
    ...(store.delta !== undefined && { delta: store.delta.bind(store) }),
    ...(store.next !== undefined && { next: store.next.bind(store) }),
    ...(store.standing !== undefined && { standing: standingOf(store.standing.bind(store), memory) }),
    ...(store.namespaces !== undefined && { namespaces: store.namespaces.bind(store) }),
    ...(store.schema !== undefined && { schema: store.schema.bind(store) }),
    ...(store.putSchema !== undefined && { putSchema: store.putSchema.bind(store) }),
    ...(store.remove !== undefined && { remove: store.remove.bind(store) }),
    ...(store.reports !== undefined && { reports: reportsOf(store.reports.bind(store), { memory, latest }) }),
    ...(canReport(store) && { report: (store as ReportTransport).report.bind(store) }),
    ...(canWatch(store) && { watch: watchOf(store, { memory, stillHas, latest }) }),
  }
}

/**
 * What was heard, and whether the store went back. Another process may have opened a new epoch
 * since, and nobody may have asked this one for the newest release: so a board that went back is
 * looked at again before anybody is told.
 */
function reportsOf(
  reports: NonNullable<Store['reports']>,
  { memory, latest }: Pick<WatchParts, 'memory' | 'latest'>,
): NonNullable<Store['reports']> {
  return async (query, signal) => {
    const { namespace } = query
    const heard = await reports(query, signal)
    // A store that cannot be read now is as it was last seen.
    if (memory.wentBack(namespace) !== undefined) await latest({ namespace }, signal).catch(() => undefined)
    const wentBack = memory.wentBack(namespace)
    return wentBack === undefined ? heard : { ...heard, wentBack }
  }
}

/**
 * What the store says still stands and is what was read last: of what went back nothing does. While
 * neither the store nor the memory says anything new, the answer is the one of before.
 */
function standingOf(
  standing: NonNullable<Store['standing']>,
  memory: BoardMemory,
): NonNullable<Store['standing']> {
  const answers = new WeakMap<readonly StandingQuery[], Answer>()
  return async (queries, signal) => {
    const names = await standing(queries, signal)
    const { changes } = memory
    const before = answers.get(queries)
    if (before?.names === names && before.changes === changes) return before.left
    const isAsRead = ({ namespace, position }: StandingQuery): boolean => {
      const known = memory.known(namespace)
      const isKnown = known !== undefined && comparePositions(known.position, position) === 'same'
      return isKnown && memory.wentBack(namespace) === undefined
    }
    const left = new Set(names)
    for (const query of queries) if (!isAsRead(query)) left.delete(query.namespace)
    answers.set(queries, { names, changes, left })
    return left
  }
}

/** What was left of what a store said, by what the memory knew then. */
interface Answer {
  readonly names: ReadonlySet<Namespace>
  readonly changes: number
  readonly left: ReadonlySet<Namespace>
}

interface WatchParts {
  readonly memory: BoardMemory
  readonly stillHas: (namespace: Namespace, place: LogPlace, signal: AbortSignal) => Promise<boolean>
  readonly latest: Store['latest']
}

/**
 * The store's watch, which never goes back: what does not go on from what is known is looked at by
 * asking.
 */
function watchOf(store: WatchTransport, { memory, stillHas, latest }: WatchParts): WatchTransport['watch'] {
  return async function* (query, signal) {
    for await (const delivery of store.watch(query, signal)) {
      if (delivery.type !== 'release') {
        yield delivery
        continue
      }
      const { namespace, bytes } = delivery
      const goesOn = await memory.hear({
        namespace,
        bytes,
        // It may have been on its way while a newer one was appended, so it alone proves nothing.
        since: undefined,
        stillHas: place => stillHas(namespace, place, signal),
      })
      if (signal.aborted) return
      if (goesOn) {
        yield delivery
        continue
      }
      await latest({ namespace }, signal)
      if (signal.aborted) return
      if (query.alive !== false) yield { type: 'alive' }
    }
  }
}
