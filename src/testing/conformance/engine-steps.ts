import { isNoticeboardError } from '../../contracts/errors.js'
import { errorMessage } from '../../core/built-ins.js'
import { sameBytes } from '../../core/json/text.js'
import { checkEntries, checkOutcome, checkPage } from '../../transports/store/check-answers.js'
import { checkEngine } from '../../transports/store/check-engine.js'
import type { Batch, Entry, Key, KeyPage, Put, StoreEngine, Version } from '../../transports/store/engine.js'
import type { Trial } from './case.js'
import { expectBytes, expectEqual, fail } from './expect.js'
import type { OpenedEngine } from './opened.js'

/** An engine's own methods, each bounded in time, and each answer judged by its form. */
export interface EngineSteps {
  /** Whether a batch may name several keys. */
  readonly batches: boolean
  read(keys: readonly Key[]): Promise<readonly (Entry | undefined)[]>
  /** The entry of one key. Fails where there is none. */
  entry(key: Key): Promise<Entry>
  write(batch: Partial<Batch>): Promise<'written' | 'refused'>
  list(page: KeyPage): Promise<readonly Key[]>
  /** Writes values under no condition, one batch each where the engine writes key by key. */
  put(...puts: readonly Put[]): Promise<void>
  remove(key: Key): Promise<void>
  /** What `now` says; undefined for an engine without it. */
  now(): Promise<number | undefined>
}

/** Opens an engine as `storeFrom` does, and gives its methods. */
export async function engineSteps(
  { step, timeoutMs }: Pick<Trial<OpenedEngine>, 'step' | 'timeoutMs'>,
  engine: StoreEngine,
): Promise<EngineSteps> {
  checkEngine(engine)
  const { name } = engine

  /** Each call has a signal of its own, which aborts when nobody waits any more. */
  const call = async <T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    const own = new AbortController()
    try {
      return await step(
        what,
        asked(what, () => work(own.signal)),
      )
    } catch (error) {
      throw isLate(error, what, timeoutMs)
        ? new Error(
            `${errorMessage(error)}: answer sooner, throw where the database does not answer, or give the cases a longer \`timeoutMs\``,
            { cause: error },
          )
        : error
    } finally {
      own.abort()
    }
  }
  const read: EngineSteps['read'] = keys =>
    call('read()', async signal => checkEntries(name, keys, await engine.read(keys, signal)))
  const write: EngineSteps['write'] = ({ if: conditions = [], put = [], remove = [] }) =>
    call('write()', async signal =>
      checkOutcome(name, await engine.write({ if: conditions, put, remove }, signal)),
    )
  const written = async (batch: Partial<Batch>): Promise<void> => {
    if ((await write(batch)) === 'refused')
      fail('a batch without conditions is `refused`; nothing speaks against it')
  }
  if (engine.open !== undefined) await call('open()', async signal => engine.open?.(signal))

  return {
    batches: engine.atomic === 'batch',
    read,
    write,
    async entry(key) {
      const [entry] = await read([key])
      return entry ?? fail('read() gives `undefined` for a key that was written and acknowledged')
    },
    list: page => call('list()', async signal => checkPage(name, page, await engine.list(page, signal))),
    async put(...puts) {
      if (engine.atomic === 'batch') return written({ put: puts })
      for (const put of puts) await written({ put: [put] })
    },
    remove: key => written({ remove: [key] }),
    now: () => call('now()', async signal => engine.now?.(signal)),
  }
}

/** Opens a second engine over the same database, or the same one after it ended without warning. */
export async function engineBy(trial: Trial<OpenedEngine>, how: 'another' | 'reopen'): Promise<EngineSteps> {
  const { opened, step, hook } = trial
  return engineSteps(trial, await step(`${how}()`, hook(how).call(opened)))
}

/** What an engine throws, with the name of the method that threw it. */
async function asked<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // What is wrong with an answer says so itself.
    if (isNoticeboardError(error, 'internal')) throw error
    return fail(`${what} threw: ${errorMessage(error)}`, { cause: error })
  }
}

function isLate(error: unknown, what: string, timeoutMs: number): boolean {
  return errorMessage(error) === `${what} did not end within ${timeoutMs} ms`
}

/** Fails unless an entry holds these bytes; undefined where there must be none. */
export function expectEntry(what: string, entry: Entry | undefined, value: Uint8Array | undefined): void {
  if (value !== undefined) expectBytes(what, entry?.value, value)
  else if (entry !== undefined) fail(`${what}: there is a value, and \`undefined\` was expected`)
}

/** Fails unless a write ends like that. */
export function expectOutcome(
  what: string,
  outcome: 'written' | 'refused',
  expected: 'written' | 'refused',
): void {
  expectEqual(what, outcome, expected)
}

/** Fails when a version is one of those that were there before, and says what versions it takes. */
export function expectNewVersion(what: string, version: Version, before: Iterable<Version>): void {
  for (const one of before)
    if (one === version)
      fail(
        `${what} gave it a version that it had before: a version is another one after each write. ` +
          'Count the writes over all keys, in the database; a hash of the value (an object id, an ETag of S3), ' +
          'a counter of each key or of each process begins anew',
      )
}

/** Whether an entry holds these bytes. */
export function holds(entry: Entry | undefined, value: Uint8Array): boolean {
  return entry !== undefined && sameBytes(entry.value, value)
}
