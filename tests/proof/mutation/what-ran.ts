import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from '../sim/bundle.js'
import { runVitest } from './run-vitest.js'

/** What a file of tests ran. */
export interface Ran {
  /** The keys of the places that it ran, by source. */
  readonly places: Readonly<Record<string, readonly string[]>>
  readonly tookMs: number
}

/** What is known of a file of tests with these bytes. */
interface Known {
  readonly digest: string
  readonly ran: Ran
}

/** Kept between runs: a file of tests is asked again when it changed. */
const KEPT = join(root, 'node_modules/.cache/noticeboard-mutants/places.json')

/** Longer than all of the unit tests take, however busy the machine is, in milliseconds. */
const LIMIT_MS = 2_400_000

/**
 * Test files that start servers or processes, or take minutes, say little of one mutant and cost
 * much.
 */
const isQuick = (test: string): boolean =>
  test.startsWith('tests/unit/') && !/\.(?:built|mocked)\.test/.test(test)

/**
 * Runs files of unit tests, and tells what each of them ran. Those that are as they were at the
 * last call are not run again, though the sources may have changed since.
 */
export async function whatRan(
  testFiles: readonly string[],
  { workers, signal }: { readonly workers: number; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<string, Ran>> {
  const kept = readKept()
  const known = new Map<string, Known>()
  const unknown: string[] = []
  const digests = new Map(testFiles.filter(isQuick).map(test => [test, digestOf(test)]))
  for (const [test, digest] of digests) {
    const before = kept[test]
    if (before?.digest === digest) known.set(test, before)
    else unknown.push(test)
  }
  if (unknown.length > 0) {
    for (const [test, ran] of await run(unknown, workers, signal))
      known.set(test, { digest: digests.get(test) ?? '', ran })
    mkdirSync(dirname(KEPT), { recursive: true })
    writeFileSync(KEPT, JSON.stringify(Object.fromEntries(known)))
  }
  return new Map([...known].map(([test, { ran }]) => [test, ran]))
}

function readKept(): Readonly<Record<string, Known | undefined>> {
  try {
    return JSON.parse(readFileSync(KEPT, 'utf8')) as Record<string, Known>
  } catch {
    return {}
  }
}

function digestOf(test: string): string {
  return createHash('sha256')
    .update(readFileSync(join(root, test)))
    .digest('hex')
}

async function run(
  tests: readonly string[],
  workers: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Ran>> {
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-ran-'))
  const into = join(folder, 'ran.jsonl')
  writeFileSync(into, '')
  try {
    // Whether they passed is seen before mutants are tried against them.
    await runVitest({
      config: 'ran.vitest.config.ts',
      env: {
        NOTICEBOARD_RAN: into,
        NOTICEBOARD_RAN_TESTS: JSON.stringify(tests),
        NOTICEBOARD_RAN_WORKERS: String(workers),
      },
      withinMs: LIMIT_MS,
      signal,
    })
    const lines = readFileSync(into, 'utf8').split('\n').filter(Boolean)
    if (lines.length === 0) throw new Error('none of the unit tests ran; see npx vitest run tests/unit')
    return new Map(
      lines.map(line => {
        const { test, ran } = JSON.parse(line) as { readonly test: string; readonly ran: Ran }
        return [test, ran]
      }),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
