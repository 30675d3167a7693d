import { build } from 'esbuild'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What processes that raced say. */
export interface RaceOutcome {
  /**
   * The digest of each release that was acknowledged, by sequence; of one that was acknowledged
   * twice both.
   */
  readonly acknowledged: ReadonlyMap<number, readonly string[]>
  /** How many appends found their place taken. */
  readonly refused: number
}

/**
 * Starts that many processes of `race-child.ts` at the same time, and waits until the last one has
 * ended.
 */
export async function runRace(processes: number, args: readonly string[]): Promise<RaceOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-race-'))
  try {
    const outfile = join(folder, 'race-child.mjs')
    await build({
      entryPoints: [fileURLToPath(new URL('race-child.ts', import.meta.url))],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      external: ['pg-native'],
      // The driver is CommonJS, and asks for Node's own modules by `require`.
      banner: {
        js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
      },
    })
    const outputs = await Promise.all(
      Array.from({ length: processes }, () => promisify(execFile)(process.execPath, [outfile, ...args])),
    )
    const acknowledged = new Map<number, string[]>()
    let refused = 0
    for (const line of outputs.flatMap(({ stdout }) => stdout.trim().split('\n'))) {
      const [first = '', second = ''] = line.split(' ')
      if (first === 'refused') refused += Number(second)
      else acknowledged.set(Number(first), [...(acknowledged.get(Number(first)) ?? []), second])
    }
    return { acknowledged, refused }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
