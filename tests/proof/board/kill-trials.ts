import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { chanceOf, type Chance } from '../../support/chance.js'
import { boardCheck, type BoardCheck } from './board-check.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { startChild, type Child } from '../../support/processes/child.js'

export interface KillOptions {
  readonly trials: number
  /**
   * Draws where each publisher is killed; the machine adds what it takes until a signal arrives. 1
   * unless given.
   */
  readonly seed?: number
  /** The first trial's number; 0 unless given. */
  readonly from?: number
  /** Boards that are worked on at a time; one a processor unless given. */
  readonly lanes?: number
  /** Called after each trial. */
  readonly onProgress?: (done: number, trials: number) => void
}

/**
 * A promise that a kill broke. `repeat` are the options that play the same board up to this trial.
 */
export interface KillViolation {
  readonly trial: number
  readonly text: string
  readonly repeat: { readonly trials: number; readonly seed: number; readonly from: number }
}

export interface KillResult {
  readonly trials: number
  /** Kills between the beginning of an append and its acknowledgement. */
  readonly inside: number
  /** The operation on the disk that was begun last, in kills inside of an append. */
  readonly at: Readonly<Record<string, number>>
  /** Kills after which half-written files were left, for the next publisher to clear away. */
  readonly leftOver: number
  /** Releases that stood though nobody had been told so. */
  readonly unacknowledged: number
  /** Releases that were acknowledged and looked for after each kill. */
  readonly acknowledged: number
  readonly violations: readonly KillViolation[]
}

/** How many publishers in a row are killed on one board, so that boards also begin. */
export const TRIALS_A_BOARD = 50

/** What about three appends say, one after the other. */
const MOST_LINES = 170
const EPOCH = '1-00000001'

/**
 * Kills publishers with SIGKILL at drawn moments, and looks at what they leave. All of them are
 * gone when it resolves.
 */
export async function runKills({
  trials,
  seed = 1,
  from = 0,
  lanes = availableParallelism(),
  onProgress,
}: KillOptions): Promise<KillResult> {
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-kills-'))
  const sum = { inside: 0, leftOver: 0, unacknowledged: 0, acknowledged: 0 }
  const at: Record<string, number> = {}
  const violations: KillViolation[] = []
  let done = 0

  const playBoard = async (script: string, first: number, count: number): Promise<void> => {
    const folder = join(root, `board-${first}`)
    const board = boardCheck(folder)
    const blame = (trial: number, texts: readonly string[]): void => {
      const repeat = { trials: trial - first + 1, seed, from: first }
      for (const text of texts) violations.push({ trial, text, repeat })
    }
    // The next publisher starts while this one is killed and looked after.
    let waiting = startChild(script)
    try {
      for (let trial = first; trial < first + count; trial += 1) {
        const child = waiting
        await child.ready
        waiting = startChild(script)
        const { lines, signal } = await kill(child, folder, chanceOf(seed, 1, trial))
        const end = await lookAt(board, lines)
        if (signal !== 'SIGKILL') blame(trial, [`the publisher was not killed but ended (${signal})`])
        blame(trial, end.violations)
        sum.unacknowledged += end.unacknowledged
        sum.acknowledged += end.acknowledged
        sum.leftOver += end.leftOver ? 1 : 0
        if (end.inside !== undefined) {
          sum.inside += 1
          at[end.inside] = (at[end.inside] ?? 0) + 1
        }
        done += 1
        onProgress?.(done, trials)
      }
      // The last one lives: it clears away what is left, and everything is read once more.
      await waiting.ready
      waiting.start({ folder, epoch: EPOCH, count: 1 })
      const { lines, code } = await waiting.ended
      const last = first + count - 1
      if (code !== 0) blame(last, [`the next publisher ended with ${code}`])
      blame(last, (await lookAt(board, lines)).violations)
      blame(last, await board.whole())
    } finally {
      waiting.kill()
      await waiting.ended
      await rm(folder, { recursive: true, force: true })
    }
  }

  try {
    const script = await bundleChild('publisher-child', root)
    let next = from
    const lane = async (): Promise<void> => {
      while (next < from + trials) {
        const first = next
        next += Math.min(TRIALS_A_BOARD, from + trials - first)
        await playBoard(script, first, next - first)
      }
    }
    await Promise.all(Array.from({ length: lanes }, lane))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  return { trials: done, ...sum, at, violations: violations.toSorted((a, b) => a.trial - b.trial) }
}

/** Lets a publisher work until it has said so many lines, and kills it. */
function kill(child: Child, folder: string, chance: Chance): Child['ended'] {
  let left = 1 + chance.below(MOST_LINES)
  child.onLine(() => {
    left -= 1
    if (left === 0) child.kill()
  })
  child.start({ folder, epoch: EPOCH, count: 1_000_000, tell: true })
  return child.ended
}

interface End {
  readonly violations: readonly string[]
  readonly acknowledged: number
  readonly unacknowledged: number
  readonly leftOver: boolean
  /** The operation that was begun last, where it was in an append. */
  readonly inside: string | undefined
}

/** Compares what a publisher said with what it left. */
async function lookAt(board: BoardCheck, lines: readonly string[]): Promise<End> {
  const acknowledged = new Map<string, string>()
  let trying: string | undefined
  let operation = 'nothing'
  for (const line of lines) {
    const [word, first = '', digest = ''] = line.split(' ')
    if (word === 'do') operation = first
    else if (word === 'try') {
      trying = first
      operation = 'nothing'
    } else if (word === 'appended' || word === 'taken') {
      trying = undefined
      if (word === 'appended') acknowledged.set(first, digest)
    }
  }
  const { violations, unacknowledged, leftOver } = await board.after(acknowledged)
  return {
    violations,
    acknowledged: acknowledged.size,
    unacknowledged,
    leftOver,
    inside: trying === undefined ? undefined : operation,
  }
}
