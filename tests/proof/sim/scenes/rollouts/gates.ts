import type { Gate, GateFinding } from '../../../../../src/publisher/index.js'
import type { Dice } from '../../../../../src/sim/dice.js'
import type { SimProcess } from '../../../../../src/sim/process.js'
import type { VirtualClock } from '../../../../../src/sim/virtual-clock.js'

/** What a gate does when it is asked. */
export type Mood = 'good' | 'slow' | 'bad' | 'unknown' | 'nonsense' | 'throws' | 'hangs' | 'late'

/** A gate as plans name it. */
export interface SceneGate {
  readonly name: string
  readonly onBad: 'roll-back' | 'pause' | 'record'
}

/** The gates that a plan may name. */
export const GATES: readonly SceneGate[] = [
  { name: 'latency', onBad: 'roll-back' },
  { name: 'people', onBad: 'pause' },
  { name: 'dashboard', onBad: 'record' },
]

/** What a gate said, and whom it told. */
export interface Answer {
  readonly gate: string
  /** The process that asked. */
  readonly by: string
  readonly rollout: string | undefined
  readonly stage: number
  /** The release with which the stage began. */
  readonly since: number | undefined
  readonly verdict: 'good' | 'bad' | 'none'
  readonly atMs: number
}

/** The gates of a scene: what they say now, and what they said. */
export interface Gates {
  /** The gates as one process has them, but for those that it lacks. */
  of(own: SimProcess, lacks?: readonly string[]): readonly Gate[]
  readonly answers: readonly Answer[]
  turn(name: string, mood: Mood): void
  /** Since when a gate says no without a break; undefined where it does not. */
  redSinceMs(name: string): number | undefined
}

/** How long a gate may take, in milliseconds. */
const GATE_MS = 2_000

const MOODS: readonly Mood[] = [
  'good', 'good', 'slow', 'bad', 'bad', 'unknown', 'nonsense', 'throws', 'hangs', 'late',
] // prettier-ignore

/** What a gate does next. */
export function drawMood(dice: Dice): Mood {
  return dice.pick(MOODS)
}

/** Makes {@link Gates}; all of them are green. */
export function createGates(clock: VirtualClock): Gates {
  const nowMs = (): number => clock.monotonic()
  const moods = new Map<string, { readonly mood: Mood; readonly sinceMs: number }>()
  const answers: Answer[] = []
  const moodOf = (name: string): Mood => moods.get(name)?.mood ?? 'good'
  return {
    answers,
    of: (own, lacks = []) =>
      GATES.filter(({ name }) => !lacks.includes(name)).map(({ name }) => ({
        name,
        timeoutMs: GATE_MS,
        async check({ rollout, stage, since }, signal) {
          const said = (verdict: Answer['verdict'], found: GateFinding): GateFinding => {
            const answer = { gate: name, by: own.name, rollout, stage, since: since?.sequence, verdict }
            answers.push({ ...answer, atMs: nowMs() })
            return found
          }
          const mood = moodOf(name)
          switch (mood) {
            case 'slow':
              await own.clock.sleep(GATE_MS / 2, signal)
              return said('good', 'good')
            case 'good':
            case 'bad':
              return said(mood, { verdict: mood, why: `it is ${mood}` })
            case 'unknown':
              return said('none', 'unknown')
            case 'nonsense':
              return said('none', { verdict: true } as unknown as GateFinding)
            case 'throws':
              said('none', 'unknown')
              throw new Error('the gate is broken')
            case 'hangs':
              said('none', 'unknown')
              return new Promise<never>(() => {})
            case 'late':
              said('none', 'unknown')
              // It does not listen, and says yes when nobody waits any more.
              await own.clock.sleep(2 * GATE_MS, new AbortController().signal)
              return 'good'
          }
        },
      })),
    turn(name, mood) {
      if (moodOf(name) !== mood) moods.set(name, { mood, sinceMs: nowMs() })
    },
    redSinceMs(name) {
      const is = moods.get(name)
      return is?.mood === 'bad' ? is.sinceMs : undefined
    },
  }
}
