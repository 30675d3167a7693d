import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { processorMs } from '../../../src/compare/run/process-usage.js'
import type { SeedLine } from './seed-process.js'

export interface ManyOptions {
  /** The bundle of `seed-process`. */
  readonly file: string
  readonly from: number
  readonly count: number
  /** How far apart they are; 1 unless given. */
  readonly stride?: number
  /** What else the bundle is given. */
  readonly more?: readonly string[]
  readonly workers: number
  /** The program that runs them; this process's own Node unless given. */
  readonly node?: string
  /** Ends everything at the first seed with a violation. */
  readonly untilFound?: boolean
  readonly onSeed?: (line: SeedLine) => void
  /**
   * How long one history may take, in milliseconds of the real clock, before it counts as a loop;
   * where it had less than half of a processor meanwhile, up to twenty times as long.
   */
  readonly mostMs?: number
}

/**
 * Room for young objects, of which a history makes many, and which stays in a processor's cache; no
 * helpers for what the other workers' processors are needed for; code that is compiled early, since
 * no part of it is much hotter than the rest; and no stacks of errors that nobody reads, since a
 * replay shows them.
 */
const FLAGS = [
  '--max-semi-space-size=16',
  '--single-threaded-gc',
  '--always-sparkplug',
  '--stack-trace-limit=0',
]

/**
 * For the same reason code is optimised late; later versions have a compiler between, and no such
 * flag.
 */
const FLAGS_OF_20 = ['--interrupt-budget=400000']

function flagsOf(node: string): readonly string[] {
  const is20 = node === process.execPath && process.versions.node.startsWith('20.')
  return is20 ? [...FLAGS, ...FLAGS_OF_20] : FLAGS
}

/** How many times as long a history may take in all that has little of the processor. */
const MOST_WAITS = 20

/** The processor time of a process, in milliseconds; infinite where the system does not tell it. */
function processorMsOf(pid = 0): number {
  try {
    return processorMs(pid)
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Runs seeds in several processes. Resolves with what each told, in the order of the seeds. */
export async function runMany({
  file,
  from,
  count,
  stride = 1,
  more = [],
  workers,
  node = process.execPath,
  untilFound = false,
  onSeed,
  mostMs = 90_000,
}: ManyOptions): Promise<readonly SeedLine[]> {
  const lines: SeedLine[] = []
  const ending = new AbortController()

  const one = (index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const own = Math.ceil((count - index) / workers)
      let seed = from + index * stride
      const child = spawn(
        node,
        [...flagsOf(node), file, String(seed), String(own), String(workers * stride), ...more],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
          signal: ending.signal,
          killSignal: 'SIGKILL',
        },
      )
      let told = ''
      const accept = (line: SeedLine): void => {
        lines.push(line)
        onSeed?.(line)
        if (untilFound && line.violations.length > 0) ending.abort()
      }
      // A machine that is busy, or that slept, is not the history's fault: who had little of the
      // processor goes on.
      const looping = (): void => {
        waitedMs += mostMs
        if (processorMsOf(child.pid) - usedMs < mostMs / 2 && waitedMs < MOST_WAITS * mostMs) return arm()
        accept({
          seed,
          violations: [{ oracle: 'livelock', atMs: 0, text: `no end within ${mostMs} ms` }],
          faults: [],
          hash: '',
          events: 0,
          sometimes: [],
        })
        child.kill('SIGKILL')
      }
      let timer: NodeJS.Timeout
      const arm = (): void => void (timer = setTimeout(looping, mostMs))
      let [waitedMs, usedMs] = [0, 0]
      arm()
      child.stderr.on('data', (chunk: Buffer) => (told = `${told}${chunk}`.slice(-4_000)))
      createInterface({ input: child.stdout }).on('line', text => {
        const line = JSON.parse(text) as SeedLine & { began?: number }
        clearTimeout(timer)
        ;[waitedMs, usedMs] = [0, processorMsOf(child.pid)]
        arm()
        if (line.began === undefined) accept(line)
        else seed = line.began
      })
      child.on('error', error => (ending.signal.aborted ? resolve() : reject(error)))
      child.on('close', code => {
        clearTimeout(timer)
        if (
          code === 0 ||
          ending.signal.aborted ||
          lines.some(line => line.seed === seed && line.violations.length > 0)
        )
          resolve()
        else reject(new Error(`seed ${seed} ended its process with ${code}: ${told}`))
      })
    })

  await Promise.all(Array.from({ length: Math.min(workers, count) }, (_, index) => one(index)))
  return lines.sort((a, b) => a.seed - b.seed)
}
