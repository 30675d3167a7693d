import { keepAlive } from '../../async/keep-alive.js'
import { checkOptions, type OptionNames } from '../../core/options.js'
import { errorMessage } from '../../core/built-ins.js'
import { fail, within } from './expect.js'
import type { OpenedHooks } from './opened.js'
import { uniqueNamespace } from './fixture.js'
import { expectNoListeners, trackedSignal } from './tracked-signal.js'
import { openWatch, type OpenWatch, type WatchReader } from './watch-reader.js'

/**
 * What a case is about: a part of the contracts that a transport, store, mirror or engine has or
 * has not. `write`, `list` and `listen` are an engine's, `read` is a transport's or an engine's.
 */
export type Capability =
  | 'read'
  | 'delta'
  | 'next'
  | 'watch'
  | 'inline'
  | 'marks'
  | 'report'
  | 'put'
  | 'append'
  | 'audit'
  | 'history'
  | 'reports'
  | 'namespaces'
  | 'schema'
  | 'remove'
  | 'announce'
  | 'notices'
  | 'write'
  | 'list'
  | 'listen'

/** What `open` offers beyond what is tried, so that more can be tried. */
export type ConformanceHook =
  | 'cut'
  | 'freeze'
  | 'silence'
  | 'another'
  | 'reopen'
  | 'damage'
  | 'stranger'
  | 'heard'
  | 'mark'
  | 'age'

const HOOKS: OptionNames<Record<ConformanceHook, string>> = {
  cut: true,
  freeze: true,
  silence: true,
  another: true,
  reopen: true,
  damage: true,
  stranger: true,
  heard: true,
  mark: true,
  age: true,
}

const CAPABILITIES: OptionNames<Record<Capability, string>> = {
  read: true,
  delta: true,
  next: true,
  watch: true,
  inline: true,
  marks: true,
  report: true,
  put: true,
  append: true,
  audit: true,
  history: true,
  reports: true,
  namespaces: true,
  schema: true,
  remove: true,
  announce: true,
  notices: true,
  write: true,
  list: true,
  listen: true,
}

/** One promise, ready to be tried by any test runner. */
export interface ConformanceCase {
  /** A sentence about behaviour. Unique in its list. */
  readonly name: string
  readonly capability: Capability
  /** Why the case does not apply, where its author said so. Calling `run` tries it all the same. */
  readonly skip?: string
  /**
   * Opens what is tried, tries the promise, closes it. Rejects with an error that says what was
   * broken.
   */
  run(): Promise<void>
}

/** How the cases are made. */
export interface ConformanceOptions {
  /**
   * What this one has not, or what `open` does not offer, each with the reason:
   * `{ watch: 'a folder does not notify' }`. Nothing is left out in silence: a missing part that is
   * not named here fails its cases. Default: nothing is left out.
   */
  readonly without?: Readonly<Partial<Record<Capability | ConformanceHook, string>>>
  /**
   * How long any single step may take, in milliseconds. Default 5,000; a case takes several steps.
   */
  readonly timeoutMs?: number
}

/** The surroundings of one case. */
export interface Trial<Opened> {
  readonly opened: Opened
  readonly timeoutMs: number
  /** A namespace of this case's own. */
  readonly namespace: string
  /** For calls that nobody aborts. After the case nothing may listen to it any more. */
  readonly signal: AbortSignal
  /** Waits for a step, and fails with its name when it takes too long. */
  step<T>(what: string, promise: Promise<T>): Promise<T>
  /** Something that `open` may offer; fails with what to do when it does not. */
  hook<Name extends keyof Opened & ConformanceHook>(name: Name): NonNullable<Opened[Name]>
  /**
   * Loses the connection. It resolves to what brings the connection back; the end of the case does
   * so too.
   */
  cut(): Promise<() => Promise<void>>
  /**
   * Lets what is behind the connection go silent. It resolves to what lets it answer again; the end
   * of the case does so too.
   */
  freeze(): Promise<() => Promise<void>>
  /**
   * Opens a watch. One that is still open at the end of the case is ended before anything is
   * closed.
   */
  readonly openWatch: OpenWatch
}

export interface CaseDefinition<Opened> {
  readonly name: string
  readonly capability: Capability
  readonly needs?: readonly (Capability | ConformanceHook)[]
  run(trial: Trial<Opened>): Promise<void>
}

/**
 * Makes runnable cases of their definitions: each opens one of its own and closes it, whatever
 * happens.
 */
export function buildCases<Opened extends OpenedHooks>(
  open: () => Promise<Opened> | Opened,
  definitions: readonly CaseDefinition<Opened>[],
  options: ConformanceOptions = {},
): readonly ConformanceCase[] {
  checkOptions('options of the cases', options, { without: true, timeoutMs: true })
  checkOptions('`without` of the cases', options.without, { ...CAPABILITIES, ...HOOKS })
  const { without = {}, timeoutMs = 5_000 } = options
  return definitions.map(({ name, capability, needs = [], run }) => {
    const missing = [capability, ...needs].find(need => without[need] !== undefined)
    const reason = missing === undefined ? undefined : `${missing}: ${without[missing]}`
    return {
      name,
      capability,
      ...(reason !== undefined && { skip: reason }),
      // The library's timers keep no process alive, and a runner would take an empty loop for the
      // end.
      run: () => keepAlive(runCase(open, { needs, run, timeoutMs })),
    }
  })
}

/** Opens, tries, and closes. Whatever the case began has ended before anything is closed. */
async function runCase<Opened extends OpenedHooks>(
  open: () => Promise<Opened> | Opened,
  {
    needs,
    run,
    timeoutMs,
  }: {
    readonly needs: readonly string[]
    readonly run: CaseDefinition<Opened>['run']
    readonly timeoutMs: number
  },
): Promise<void> {
  let over = false
  const steps = new Set<Promise<unknown>>()
  /** Of a case that is over, what still runs beside it ends with the step that it is at. */
  const step = async <T>(what: string, promise: Promise<T>): Promise<T> => {
    const own = within(what, promise, timeoutMs)
    steps.add(own)
    try {
      const result = await own
      return over ? fail(`${what} ended after the case`) : result
    } finally {
      steps.delete(own)
    }
  }
  const tracked = trackedSignal()
  const opened = await within('open()', Promise.resolve(open()), 4 * timeoutMs)
  const hook = <Name extends keyof Opened & ConformanceHook>(name: Name): NonNullable<Opened[Name]> =>
    opened[name] ?? fail(`open() offers no \`${name}\`; offer it, or say why not: without: { ${name}: '…' }`)

  const watches = new Set<WatchReader>()
  // A case that failed in between must not leave the next ones without a server.
  const injuries = new Map<string, () => Promise<void>>()
  const undo = async (what: string): Promise<void> => {
    const heal = injuries.get(what)
    injuries.delete(what)
    await heal?.()
  }
  const injure = (what: string, heal: () => Promise<void>): (() => Promise<void>) => {
    injuries.set(what, heal)
    return () => within(what, undo(what), timeoutMs)
  }
  const trial: Trial<Opened> = {
    opened,
    timeoutMs,
    namespace: uniqueNamespace(),
    signal: tracked.signal,
    step,
    hook,
    async cut() {
      const cut = hook('cut' as keyof Opened & 'cut') as NonNullable<OpenedHooks['cut']>
      const { heal } = await step('cut()', cut.call(opened))
      return injure('heal()', heal)
    },
    async freeze() {
      const freeze = hook('freeze' as keyof Opened & 'freeze') as NonNullable<OpenedHooks['freeze']>
      const { thaw } = await step('freeze()', freeze.call(opened))
      return injure('thaw()', thaw)
    },
    openWatch(transport, query, patienceMs = timeoutMs) {
      if (over) return fail('a watch was opened although the case is over')
      const reader = openWatch(transport, query, patienceMs)
      watches.add(reader)
      return reader
    },
  }

  const failures: unknown[] = []
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      failures.push(error)
    }
  }
  await attempt(async () => {
    for (const need of needs) if (Object.hasOwn(HOOKS, need)) hook(need as keyof Opened & ConformanceHook)
    await run(trial)
    await expectNoListeners(tracked)
  })
  over = true
  // In this order: a watch that is left open holds up a close(), and says nothing of what went
  // wrong.
  await attempt(async () => {
    const left = Promise.all([...watches].map(reader => reader.leave()))
    await within('the end of the watches that were aborted', left, timeoutMs)
  })
  for (const what of [...injuries.keys()]) await attempt(() => within(what, undo(what), 4 * timeoutMs))
  // Each has a time of its own. What it says is no news: the case has failed, or did not need it.
  await Promise.allSettled(steps)
  await attempt(() => within('close()', opened.close(), 4 * timeoutMs))
  if (failures.length > 0) throw inOneError(failures)
}

/** The first failure is the reason; what failed after it is told behind it. */
function inOneError(failures: readonly unknown[]): unknown {
  const [first] = failures
  if (failures.length === 1) return first
  return new Error(failures.map(errorMessage).join('; after that: '), { cause: first })
}
