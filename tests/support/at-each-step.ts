import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/system/system.js'
import type { VirtualClock } from '../../src/sim/virtual-clock.js'
import { createSteps, type Steps } from './steps.js'

/** How an operation ended. */
export type End<Result> =
  | { readonly ok: true; readonly result: Result }
  | { readonly ok: false; readonly error: unknown }

/** An operation that is ready to be begun, and everything around it. */
export interface Stage<Result> {
  /** Virtual time, where the operation takes any. */
  readonly clock?: VirtualClock
  /** The operation; its awaits are counted from here on. */
  run(): Promise<Result>
  /** What must be true after it, whatever happened. */
  judge(end: End<Result>, happened: string): Promise<void> | void
  /** Closes what is open. Nothing may be left on the clock. */
  end(): Promise<void> | void
}

/** An operation that is tried with something happening at each of its awaits, one after another. */
export interface Operation<Result, Scene extends Stage<Result>> {
  readonly name: string
  /** How many awaits it has at least, so that a harness that sees none of them fails. */
  readonly leastSteps: number
  /** Of its awaits every n-th is tried, from a drawn one on; all of them with `NOTICEBOARD_AWAITS=all`. Default 1. */
  readonly every?: number
  /** Sets the scene, anew for each try. */
  open(steps: Steps): Promise<Scene> | Scene
  /**
   * What happens, by its name, told at which place. What it throws is what the call at that place throws, and for what it awaits the call waits; use
   * {@link meanwhile} for what must not hold the call.
   */
  readonly happenings: Readonly<Record<string, (scene: Scene, place: string) => unknown>>
}

/** Something that begins at a place, has its turn there, and goes on by itself. */
export function meanwhile<Scene>(act: (scene: Scene) => unknown): (scene: Scene) => Promise<void> {
  return async scene => {
    const acting = Promise.resolve(act(scene))
    acting.catch(() => {})
    for (let turn = 0; turn < 4; turn += 1) await systemClock.turn()
  }
}

/** The longest that an operation may take, in milliseconds of virtual time. */
const LONGEST_MS = 3_600_000

/** Registers a test for each happening of an operation: it happens at each await in turn, until there are no more. */
export function atEachStep<Result, Scene extends Stage<Result>>(operation: Operation<Result, Scene>): void {
  const { name, leastSteps, open, happenings } = operation
  const every = process.env['NOTICEBOARD_AWAITS'] === 'all' ? 1 : (operation.every ?? 1)
  describe(name, () => {
    for (const [happened, happen] of Object.entries(happenings)) {
      it(`${happened} at each of its awaits`, async () => {
        let at = 1 + Math.floor(Math.random() * every)
        for (; ; at += every) if (!(await once(open, { at, happened, happen }))) break
        expect(at).toBeGreaterThan(leastSteps)
      }, 120_000)
    }
  })
}

interface Try<Scene> {
  readonly at: number
  readonly happened: string
  readonly happen: (scene: Scene, place: string) => unknown
}

/** One try; false when the operation has no such await any more. */
async function once<Result, Scene extends Stage<Result>>(
  open: (steps: Steps) => Promise<Scene> | Scene,
  { at, happened, happen }: Try<Scene>,
): Promise<boolean> {
  const steps = createSteps()
  const unhandled: unknown[] = []
  const note = (reason: unknown): void => void unhandled.push(reason)
  process.on('unhandledRejection', note)
  try {
    const scene = await open(steps)
    const { clock } = scene
    const settled = <Work>(work: Promise<Work>): Promise<Work> =>
      clock === undefined ? work : driven(clock, work, () => steps.passed.length)
    steps.arm(at, place => happen(scene, place))
    const end = await settled(
      scene.run().then(
        (result): End<Result> => ({ ok: true, result }),
        (error: unknown): End<Result> => ({ ok: false, error }),
      ),
    )
    const reached = steps.passed.length >= at
    steps.disarm()
    await settled((async () => scene.judge(end, reached ? happened : 'nothing'))())
    await settled((async () => scene.end())())
    await systemClock.turn()
    expect(unhandled).toEqual([])
    if (clock !== undefined) expect(clock.pending).toBe(0)
    return reached
  } catch (error) {
    const place = steps.passed[at - 1] ?? 'after its last await'
    throw new Error(`${happened} at await ${at}, ${place}: ${messageOf(error)}`, { cause: error })
  } finally {
    process.off('unhandledRejection', note)
  }
}

/**
 * Lets time pass until some work is done. Before each timer everything that is ready has its turn, however many turns it takes: as long
 * as `progress` grows no time passes.
 */
export async function driven<Work>(
  clock: VirtualClock,
  work: Promise<Work>,
  progress: () => number = () => 0,
): Promise<Work> {
  let over = false
  const done = work.finally(() => (over = true))
  done.catch(() => {})
  const untilMs = clock.monotonic() + LONGEST_MS
  while (!over) {
    for (let turn = 0, seen = progress(); turn < 6 && !over; turn += 1) {
      await systemClock.turn()
      if (progress() > seen) [turn, seen] = [0, progress()]
    }
    if (over) break
    let idle = 0
    while (!over && clock.pending === 0) {
      if ((idle += 1) > 200) throw new Error('it waits for nothing that will come')
      await systemClock.turn()
    }
    let fired = 0
    if (!over) await clock.runUntil(() => over || (fired += 1) > 1, untilMs - clock.monotonic())
  }
  return done
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
