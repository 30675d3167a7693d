import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { SeedLine } from './seed-process.js'

export interface ManyOptions {
  /** The bundle of `seed-process`. */
  readonly file: string
  readonly from: number
  readonly count: number
  readonly workers: number
  /** The program that runs them; this process's own Node unless given. */
  readonly node?: string
  /** Ends everything at the first seed with a violation. */
  readonly untilFound?: boolean
  readonly onSeed?: (line: SeedLine) => void
  /** How long one history may take, in milliseconds of the real clock, before it counts as a loop. */
  readonly mostMs?: number
}

/** Runs seeds in several processes. Resolves with what each told, in the order of the seeds. */
export async function runMany({
  file,
  from,
  count,
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
      const child = spawn(node, [file, String(from + index), String(own), String(workers)], {
        stdio: ['ignore', 'pipe', 'pipe'],
        signal: ending.signal,
        killSignal: 'SIGKILL',
      })
      let seed = from + index
      let told = ''
      let timer: NodeJS.Timeout | undefined
      const accept = (line: SeedLine): void => {
        lines.push(line)
        onSeed?.(line)
        if (untilFound && line.violations.length > 0) ending.abort()
      }
      const looping = (): void => {
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
      child.stderr.on('data', (chunk: Buffer) => (told = `${told}${chunk}`.slice(-4_000)))
      createInterface({ input: child.stdout }).on('line', text => {
        const line = JSON.parse(text) as SeedLine & { began?: number }
        clearTimeout(timer)
        timer = setTimeout(looping, mostMs)
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
