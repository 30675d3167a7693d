import { describe, expect, test } from 'vitest'
import { drawn } from './scale.js'

/** The first of two, or the second. */
export type Who = 0 | 1

/** What one does in a round. It resolves to what it sees, as plain data. */
export type Step = () => unknown

/** What one does, a step a round, each with its name. */
export type Life = Readonly<Record<string, Step>>

/** A place anew, in which both live, or one of them alone. */
export interface Scene {
  /** Begins one of the lives. */
  live(who: Who): Life | Promise<Life>
  /**
   * What happens to everybody after each round, counted from 0: time passes, a server goes away.
   */
  after?(round: number): Promise<unknown>
  /** Waits for some work, where that takes somebody who drives a clock. */
  settle?<Work>(work: Promise<Work>): Promise<Work>
  /** Closes what is open, and says what must be true of the place then. */
  end(): Promise<unknown>
}

/** Two of a thing that share something: one line of a table. */
export interface Pair {
  readonly what: string
  readonly open: () => Scene | Promise<Scene>
  /**
   * In which ways they may meet. Default: in all. One of them is drawn; with
   * `NOTICEBOARD_SCALE=whole` each is tried.
   */
  readonly meetings?: readonly MeetingName[]
}

/** How the steps of two lives meet. */
interface Meeting {
  /** In which order the two have their turn in a round. */
  readonly order: readonly Who[]
  readonly atOnce?: true
  /** How many rounds later the second one begins. Default 0. */
  readonly laterBy?: number
}

const MEETINGS = {
  'by turns': { order: [0, 1] },
  'by turns, the second first': { order: [1, 0] },
  'at the same time': { order: [0, 1], atOnce: true },
  'one begun later': { order: [0, 1], laterBy: 3 },
} as const satisfies Readonly<Record<string, Meeting>>

type MeetingName = keyof typeof MEETINGS
const ALL_MEETINGS = Object.keys(MEETINGS) as readonly MeetingName[]

/** What a life saw: its steps with what came of each. */
type Seen = readonly (readonly [step: string, saw: unknown])[]

/**
 * Registers a test for a way in which two can meet: each of them must see, step by step, what it
 * sees when it is alone in a place of its own.
 */
export function aloneAsTogether({ what, open, meetings = ALL_MEETINGS }: Pair): void {
  describe(what, () => {
    test.each(drawn(meetings, { share: 1 }))('%s see what each sees alone', async name => {
      const meeting = MEETINGS[name]
      const together = await run(await open(), [0, 1], meeting)
      for (const who of [0, 1] as const) {
        const alone = await run(await open(), [who], meeting)
        expect(alone[who].length).toBeGreaterThan(3)
        expectSame(`number ${who + 1}`, together[who], alone[who])
      }
    })
  })
}

/** A thing that does the same in two ways: through one object, and through two by turns. */
export interface Same {
  readonly what: string
  readonly one: () => Scene | Promise<Scene>
  readonly other: () => Scene | Promise<Scene>
}

/** Registers a test: what is done in one way is seen as what is done in the other. */
export function oneAsOther({ what, one, other }: Same): void {
  test(what, async () => {
    const meeting: Meeting = { order: [0] }
    const { 0: wanted } = await run(await one(), [0], meeting)
    const { 0: found } = await run(await other(), [0], meeting)
    expect(wanted.length).toBeGreaterThan(3)
    expectSame(what, found, wanted)
  })
}

async function run(
  scene: Scene,
  living: readonly Who[],
  { order, atOnce, laterBy = 0 }: Meeting,
): Promise<Readonly<Record<Who, Seen>>> {
  const { settle = work => work } = scene
  const seen: Record<Who, (readonly [string, unknown])[]> = { 0: [], 1: [] }
  const steps: Record<Who, (readonly [string, Step])[]> = { 0: [], 1: [] }
  for (const who of living) steps[who] = Object.entries(await scene.live(who))
  const beginsAt = { 0: 0, 1: laterBy }
  const rounds = Math.max(...living.map(who => steps[who].length + beginsAt[who]))
  for (let round = 0; round < rounds; round += 1) {
    const act = async (who: Who): Promise<void> => {
      const [name, step] = steps[who][round - beginsAt[who]] ?? []
      if (name === undefined || step === undefined || !living.includes(who)) return
      seen[who].push([name, plain(await step())])
    }
    if (atOnce) await settle(Promise.all(order.map(act)))
    else for (const who of order) await settle(act(who))
    if (scene.after !== undefined) await settle(scene.after(round))
  }
  await settle(scene.end())
  return seen
}

function expectSame(who: string, found: Seen, wanted: Seen): void {
  for (const [index, [step, saw]] of wanted.entries())
    expect({ who, step, saw: found[index]?.[1] }).toEqual({ who, step, saw })
  expect(found).toHaveLength(wanted.length)
}

/** When something was heard; it is not the same in two runs. */
const TIMES: ReadonlySet<string> = new Set(['receivedAt', 'firstHeardAt'])

/**
 * What was seen as something that can be compared and read: bytes as texts, errors as their codes.
 */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  if (value instanceof Error) return { error: (value as { code?: string }).code ?? value.message }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, TIMES.has(name) ? typeof member : plain(member)]),
  )
}

/** What a call resolves to, or the error that it rejects with. */
export async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
