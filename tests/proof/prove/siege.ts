import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'
import type { Part, Violation } from './part.js'

const PROGRAM = 'benchmarks/siege/main.js'

/**
 * The exit code of a siege that passed a bound, and of one whose bound was taken out and that saw
 * it.
 */
const PASSED = 1

/** What the siege writes down, as far as it is read. */
interface SiegeResult {
  readonly rows: readonly {
    readonly name: string
    readonly what: string
    readonly besieged: string
    readonly bound: string
    readonly holds: boolean
  }[]
}

/** A server of one process, and one of several, whose bounds hold of all of them together. */
const SERVERS: readonly (readonly string[])[] = [[], ['--workers', '2']]

/**
 * A server with a fleet under every attack at once, and the same of several processes; and then each
 * bound taken out, which has to be seen.
 */
export const siege: Part = {
  name: 'siege',
  what: 'bounds',
  settings: ['siegeSeconds', 'siegeControls', 'seed'],
  built: true,
  async run({ settings: { siegeSeconds, siegeControls, seed }, progress, show }) {
    const violations: Violation[] = []
    const blame = (violation: Violation): void => {
      violations.push(violation)
      show(violation)
    }
    const controls = drawControls(await namesOfControls(), { count: siegeControls, seed })
    const length = siegeSeconds < 60 ? ['--quick', '--seconds', String(siegeSeconds)] : []
    const total = SERVERS.length + controls.length
    const rows: SiegeResult['rows'][number][] = []
    for (const [at, server] of SERVERS.entries()) {
      const args = [...length, ...server]
      const { code, result, text } = await runSiege(args)
      const told = result?.rows ?? []
      const passed = told.filter(({ holds }) => !holds)
      for (const { what, besieged, bound } of passed)
        blame({ text: `${what}: ${besieged}, at most ${bound}`, replay: replayOf(args) })
      if (code !== 0 && passed.length === 0)
        blame({ text: `the siege ended with ${code}: ${text.slice(-400)}`, replay: replayOf(args) })
      rows.push(...told.map(row => ({ ...row, name: [row.name, ...server].join(' ') })))
      progress(at + 1, total)
    }

    const seen: string[] = []
    for (const [at, name] of controls.entries()) {
      const without = ['--without', name]
      const control = await runSiege(without)
      if (control.code === PASSED && control.text.includes('\nseen: ')) seen.push(name)
      else
        blame({
          text: `that ${name} was taken out was not seen: ${control.text.slice(-400)}`,
          replay: replayOf(without),
        })
      progress(SERVERS.length + at + 1, total)
    }
    return {
      tried: rows.length + controls.length,
      violations,
      figures: { rows, seen },
    }
  },
}

/** So many of the bounds that can be taken out, from a drawn one on. */
function drawControls(
  names: readonly string[],
  { count, seed }: { readonly count: number; readonly seed: number },
): readonly string[] {
  return Array.from({ length: Math.min(count, names.length) }, (_, at) => names[(at + seed) % names.length]!)
}

async function namesOfControls(): Promise<readonly string[]> {
  const { text } = await run(['--list'])
  return text.split('\n').filter(Boolean)
}

function replayOf(args: readonly string[]): string {
  return `npm run siege -- ${args.join(' ')}`.trimEnd()
}

async function runSiege(args: readonly string[]): Promise<{
  readonly code: number | null
  readonly text: string
  readonly result: SiegeResult | undefined
}> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-siege-'))
  try {
    const path = join(folder, 'siege.json')
    const ended = await run([...args, '--json', path])
    const written = await readFile(path, 'utf8').catch(() => undefined)
    return { ...ended, result: written === undefined ? undefined : (JSON.parse(written) as SiegeResult) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function run(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, [join(root, PROGRAM), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const out of [child.stdout, child.stderr])
    out.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, text }
}
