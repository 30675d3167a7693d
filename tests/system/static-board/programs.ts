import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * Why these tests cannot run here; undefined when they can. Where nothing may be skipped, a missing
 * program is a failure.
 */
export function missingPrograms(...programs: readonly Program[]): string | undefined {
  const missing = programs.filter(program => pathOf(program) === undefined)
  if (missing.length === 0) return undefined
  const how = `${missing.join(' and ')} not installed; on Debian: apt-get install ${missing.join(' ')}`
  if (process.env['NOTICEBOARD_NO_SKIP'] === '1') throw new Error(how)
  return how
}

export type Program = 'nginx' | 'haproxy' | 'rsync'

/**
 * Where programs were found: looking for one starts it, which a test that runs it again and again
 * would wait for each time.
 */
const found = new Map<Program, string>()

/**
 * Where a program is: on the path, or where Debian keeps programs of the system, which a user's
 * path often lacks.
 */
export function pathOf(program: Program): string | undefined {
  const place = found.get(program) ?? look(program)
  if (place !== undefined) found.set(program, place)
  return place
}

function look(program: Program): string | undefined {
  const places = [program, `/usr/sbin/${program}`, `/usr/local/sbin/${program}`]
  return places.find(place =>
    place.startsWith('/') ? existsSync(place) : spawnSync(place, ['-v']).error === undefined,
  )
}

/** Runs rsync to its end. Throws what it said unless it went well. */
export async function rsync(...args: readonly string[]): Promise<void> {
  const child = spawn(pathOf('rsync') ?? 'rsync', [...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  if (code !== 0) throw new Error(`rsync ${args.join(' ')} ended with ${code}: ${said}`)
}
