import { spawn } from 'node:child_process'
import { bundle } from './bundle.js'
import type { PlantedBug } from './bugs.js'

/** What shrinking a seed told. */
export interface Shrunk {
  /** What was told, without the trace and the commands. */
  readonly lines: readonly string[]
  /**
   * The last command that replays what is left; undefined when nothing could be taken away in time.
   */
  readonly command: string | undefined
}

/**
 * Shrinks a seed in a process of its own, which is ended when it takes too long: a smaller history
 * may be one that never ends.
 */
export async function shrunk({
  seed,
  mostMs,
  bug,
}: {
  seed: number
  /** How long it may take, in milliseconds of the real clock. */
  mostMs: number
  bug?: PlantedBug
}): Promise<Shrunk> {
  const file = await bundle({ entry: 'shrink', ...(bug && { bug }) })
  const child = spawn(process.execPath, [file, String(seed), String(mostMs * 0.75)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: mostMs,
    killSignal: 'SIGKILL',
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (told += chunk))
  await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  // A line that begins with a time is one of the trace.
  const lines = told.split('\n').filter(line => line !== '' && !/^\s*\d+\.\d{3} /.test(line))
  return {
    lines: lines.filter(line => !line.startsWith(REPLAYS)),
    command: lines.findLast(line => line.startsWith(REPLAYS))?.slice(REPLAYS.length),
  }
}

const REPLAYS = 'replays with: '
