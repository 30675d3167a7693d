import { keepAlive } from '../../async/keep-alive.js'
import { checkOptions, type OptionNames } from '../../core/options.js'
import { systemClock } from '../../system/system.js'
import { fail, within } from './expect.js'
import type { OpenedHooks } from './opened.js'
import { uniqueNamespace } from './fixture.js'
import { trackedSignal, type TrackedSignal } from './tracked-signal.js'

/** What a case is about: a part of the contracts that a transport, store or mirror has or has not. */
export type Capability =
  | 'read'
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

/** What `open` offers beyond what is tried, so that more can be tried. */
export type ConformanceHook =
  | 'cut'
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
}

/** One promise, ready to be tried by any test runner. */
export interface ConformanceCase {
  /** A sentence about behaviour. Unique in its list. */
  readonly name: string
  readonly capability: Capability
  /** Why the case does not apply, where its author said so. Calling `run` tries it all the same. */
  readonly skip?: string
  /** Opens what is tried, tries the promise, closes it. Rejects with an error that says what was broken. */
  run(): Promise<void>
}

/** How the cases are made. */
export interface ConformanceOptions {
  /**
   * What this one has not, or what `open` does not offer, each with the reason: `{ watch: 'a folder does not notify' }`.
   * Nothing is left out in silence: a missing part that is not named here fails its cases.
   */
  readonly without?: Readonly<Partial<Record<Capability | ConformanceHook, string>>>
  /** How long any single step may take, in milliseconds. Default 5,000; a case takes several steps. */
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
  /** Loses the connection. It resolves to what brings the connection back; the end of the case does so too. */
  cut(): Promise<() => Promise<void>>
}

export interface CaseDefinition<Opened> {
  readonly name: string
  readonly capability: Capability
  readonly needs?: readonly (Capability | ConformanceHook)[]
  run(trial: Trial<Opened>): Promise<void>
}

/** Makes runnable cases of their definitions: each opens one of its own and closes it, whatever happens. */
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
      // The library's timers keep no process alive, and a runner would take an empty loop for the end.
      run: () => keepAlive(runCase(open, { needs, run, timeoutMs })),
    }
  })
}

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
  const step = <T>(what: string, promise: Promise<T>): Promise<T> => within(what, promise, timeoutMs)
  const tracked = trackedSignal()
  const opened = await within('open()', Promise.resolve(open()), 4 * timeoutMs)
  const hook = <Name extends keyof Opened & ConformanceHook>(name: Name): NonNullable<Opened[Name]> =>
    opened[name] ?? fail(`open() offers no \`${name}\`; offer it, or say why not: without: { ${name}: '…' }`)
  // A case that failed in between must not leave the next ones without a server.
  let heal: (() => Promise<void>) | undefined
  const healed = async (): Promise<void> => {
    const bringBack = heal
    heal = undefined
    await bringBack?.()
  }
  const cut = async (): Promise<() => Promise<void>> => {
    const lost =
      opened.cut ?? fail(`open() offers no \`cut\`; offer it, or say why not: without: { cut: '…' }`)
    const { heal: bringBack } = await step('cut()', lost.call(opened))
    heal = bringBack
    return () => step('heal()', healed())
  }
  try {
    for (const need of needs) if (Object.hasOwn(HOOKS, need)) hook(need as keyof Opened & ConformanceHook)
    await run({ opened, timeoutMs, namespace: uniqueNamespace(), signal: tracked.signal, step, hook, cut })
    await expectNoListeners(tracked)
  } finally {
    try {
      await within('heal()', healed(), 4 * timeoutMs)
    } finally {
      await within('close()', opened.close(), 4 * timeoutMs)
    }
  }
}

/** Fails when something still listens to a signal although the calls that it was given to have ended. */
export async function expectNoListeners(tracked: TrackedSignal): Promise<void> {
  const never = new AbortController().signal
  for (let round = 0; tracked.listeners() > 0; round += 1) {
    if (round === 50) {
      fail(
        `${tracked.listeners()} listeners are left on the signal of calls that have ended: remove each in a finally, ` +
          "and never hand the caller's signal to fetch or AbortSignal.any, which keep theirs until garbage is collected",
      )
    }
    await systemClock.sleep(10, never)
  }
}
