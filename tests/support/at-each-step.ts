import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/system/system.js'
import type { VirtualClock } from '../../src/sim/virtual-clock.js'
import { drawn } from './scale.js'
import { createSteps, type Steps } from './steps.js'

declare module 'vitest' {
  interface TaskMeta {
    /** How many awaits something happened at. */
    tried?: number
  }
}

/** How an operation ended. */
export type End<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly error: unknown }

/** An operation that is ready to be begun, and everything around it. */
export interface Stage<Result> {
  /** Virtual time, where the operation takes any. */
  readonly clock?: VirtualClock
  /** Whether the machine's disk takes part: no time passes while it works. */
  readonly readsDisk?: true
  /** Grows with whatever else goes on, during which no time passes either. */
  readonly progress?: () => number
  /** The signals that the operation is given; nothing may be left on them. */
  readonly signals?: readonly AbortSignal[]
  /** The operation; its awaits are counted from here on. */
  run(): Promise<Result>
  /** What must be true after it, whatever happened. */
  judge(end: End<Result>, happened: string): Promise<void> | void
  /** Closes what is open. Nothing may be left on the clock, and nothing be iterated any more. */
  end(): Promise<void> | void
}

/** An operation that is tried with something happening at each of its awaits, one after another. */
export interface Operation<Result, Scene extends Stage<Result>> {
  readonly name: string
  /** How many awaits it has at least, so that a harness that sees none of them fails. */
  readonly leastSteps: number
  /** Sets the scene, anew for each try. */
  open(steps: Steps): Promise<Scene> | Scene
  /**
   * What happens, by its name, told at which place. What it throws is what the call at that place
   * throws, and for what it awaits the call waits; use {@link meanwhile} for what must not hold the
   * call.
   */
  readonly happenings: Readonly<Record<string, Happen<Scene>>>
}

/** `over` aborts when all that the try is about is over: for a call that hangs. */
export type Happen<Scene> = (scene: Scene, place: string, over: AbortSignal) => unknown

/** What was begun by {@link meanwhile} in a scene. */
const begun = new WeakMap<object, Promise<unknown>[]>()

/**
 * Something that begins at a place, has its turn there, and goes on by itself. It is over before
 * the scene is judged.
 */
export function meanwhile<Scene extends object>(
  act: (scene: Scene) => unknown,
): (scene: Scene) => Promise<void> {
  return async scene => {
    const acting = Promise.resolve(act(scene)).catch(() => {})
    begun.set(scene, [...(begun.get(scene) ?? []), acting])
    for (let turn = 0; turn < 4; turn += 1) await systemClock.turn()
  }
}

/** The longest that an operation may take, in milliseconds of virtual time. */
const LONGEST_MS = 3_600_000

/** `all` awaits, or the one with that number; a drawn few unless given. */
const ASKED = process.env['NOTICEBOARD_AWAITS']

/** Of so many things that may happen to an operation one is drawn, unless awaits are asked for. */
const OF_HAPPENINGS = 3

/**
 * Registers a test for a drawn share of what may happen to an operation: it happens at a drawn one
 * of its awaits. With `NOTICEBOARD_AWAITS=all` everything that may happen does, at each await in
 * turn, until there are no more, and with a number at that one.
 */
export function atEachStep<Result, Scene extends Stage<Result>>(operation: Operation<Result, Scene>): void {
  const { name, leastSteps, open, happenings } = operation
  const all = Object.keys(happenings)
  const tried = ASKED === undefined ? drawn(all, { share: Math.ceil(all.length / OF_HAPPENINGS) }) : all
  const attempt = (at: number, happened: string): Promise<Tried> =>
    once(open, { at, happened, happen: happenings[happened] ?? (() => undefined) })
  let undisturbed: Promise<Tried> | undefined
  /** The awaits of the operation when nothing happens. */
  const count = async (): Promise<number> => {
    undisturbed ??= attempt(Number.POSITIVE_INFINITY, 'nothing')
    const { awaits } = await undisturbed
    expect(awaits).toBeGreaterThanOrEqual(leastSteps)
    return awaits
  }
  describe(name, () => {
    for (const happened of tried) {
      it(`${happened} at each of its awaits`, async ({ task }) => {
        const trial = (at: number): Promise<Tried> => {
          task.meta.tried = (task.meta.tried ?? 0) + 1
          return attempt(at, happened)
        }
        const awaits = await count()
        if (ASKED === 'all') for (let at = 1; (await trial(at)).awaits >= at; at += 1) continue
        else if (ASKED !== undefined) await trial(Number(ASKED))
        else if (awaits > 0) await trial(1 + Math.floor(Math.random() * awaits))
      }, 120_000)
    }
  })
}

interface Try<Scene> {
  readonly at: number
  readonly happened: string
  readonly happen: Happen<Scene>
}

interface Tried {
  /** How many awaits the operation had. */
  readonly awaits: number
}

/** One try. */
async function once<Result, Scene extends Stage<Result>>(
  open: (steps: Steps) => Promise<Scene> | Scene,
  { at, happened, happen }: Try<Scene>,
): Promise<Tried> {
  const steps = createSteps()
  const unhandled: unknown[] = []
  const over = new AbortController()
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const scene = await open(steps)
    const { clock, readsDisk, progress = () => 0 } = scene
    const settled = <Work>(work: Promise<Work>): Promise<Work> =>
      clock === undefined
        ? work
        : driven(clock, work, { progress: () => steps.passed.length + progress(), readsDisk })
    steps.arm(at, place => happen(scene, place, over.signal))
    const end = await settled(
      scene.run().then(
        (result): End<Result> => ({ ok: true, result }),
        (error: unknown): End<Result> => ({ ok: false, error }),
      ),
    )
    const awaits = steps.passed.length
    steps.disarm()
    await settled(Promise.all(begun.get(scene) ?? []))
    await settled((async () => scene.judge(end, awaits >= at ? happened : 'nothing'))())
    await settled((async () => scene.end())())
    over.abort()
    for (let turn = 0; turn < 4; turn += 1) await systemClock.turn()
    expect(unhandled).toEqual([])
    expect(steps.iterated).toEqual([])
    expect((scene.signals ?? []).flatMap(signal => getEventListeners(signal, 'abort'))).toEqual([])
    if (clock !== undefined) expect(clock.pending).toBe(0)
    return { awaits }
  } catch (error) {
    const place = steps.passed[at - 1] ?? 'after its last await'
    throw new Error(
      `${happened} at await ${at}, ${place} (NOTICEBOARD_AWAITS=${at} repeats it): ${messageOf(error)}`,
      { cause: error },
    )
  } finally {
    process.off('unhandledRejection', note)
  }
}

/** No command waits for so long by itself, in milliseconds. */
const LEAP_MS = 5_000

/** How long the machine gets then, in milliseconds. */
const MACHINE_MS = 50

/** How work is driven. */
export interface DriveOptions {
  /** No time passes as long as it grows. */
  readonly progress?: (() => number) | undefined
  /** See {@link Stage.readsDisk}. */
  readonly readsDisk?: true | undefined
}

/**
 * Lets time pass until some work is done. Before each timer everything that is ready has its turn,
 * however many turns it takes.
 */
export async function driven<Work>(
  clock: VirtualClock,
  work: Promise<Work>,
  { progress = () => 0, readsDisk }: DriveOptions = {},
): Promise<Work> {
  let over = false
  const done = work.finally(() => (over = true))
  done.catch(() => {})
  const untilMs = clock.monotonic() + LONGEST_MS
  while (!over) {
    for (let turn = 0, seen = progress(); turn < (readsDisk ? 15 : 6) && !over; turn += 1) {
      await systemClock.turn()
      if (progress() > seen || (readsDisk && isAtWork())) [turn, seen] = [0, progress()]
    }
    if (over) break
    let idle = 0
    while (!over && clock.pending === 0) {
      if ((idle += 1) > (readsDisk ? 20_000 : 200)) throw new Error('it waits for nothing that will come')
      await systemClock.turn()
      if (readsDisk && isAtWork()) idle = 0
    }
    let fired = 0
    const beforeMs = clock.monotonic()
    if (!over) await clock.runUntil(() => over || (fired += 1) > 1, untilMs - clock.monotonic())
    // Only a bound on how long it may take was waited for: what the machine does for it gets its
    // time.
    if (readsDisk && !over && clock.monotonic() - beforeMs >= LEAP_MS)
      await systemClock.sleep(MACHINE_MS, new AbortController().signal)
  }
  return done
}

/**
 * Whether the machine's disk was asked for something that it has not answered yet, or something is
 * ready and has not had its turn.
 */
function isAtWork(): boolean {
  return process.getActiveResourcesInfo().some(name => /^FSReq|^FileHandle|^Immediate$/.test(name))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
