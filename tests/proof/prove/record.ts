import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'
import type { Outcome } from './part.js'

/** What came of a part, as the JSON file keeps it. */
export interface PartRecord extends Outcome {
  /** What was proved: a commit, and a digest of what was changed since. */
  readonly commit: string
  readonly node: string
  readonly began: string
  readonly ended: string
  readonly seconds: number
  readonly settings: Readonly<Record<string, unknown>>
  /** Violations, also those that are not listed. */
  readonly bad: number
  /** False while it is under way, and after an interruption. */
  readonly complete: boolean
}

export interface ProveRecord {
  readonly commit: string
  readonly parts: Readonly<Record<string, PartRecord>>
}

/** The JSON file while a proof runs. */
export interface RecordFile {
  readonly commit: string
  readonly parts: ReadonlyMap<string, PartRecord>
  /** Puts a part in the place of what was there of it, and writes the file. */
  put(name: string, part: PartRecord): Promise<void>
}

/** Opens the file; what it has of another commit is put aside, and said. `none` is no file. */
export async function openRecord(path: string, say: (line: string) => void): Promise<RecordFile> {
  const commit = commitOf()
  const parts = new Map<string, PartRecord>()
  const strangers = new Map<string, string>()
  for (const [name, part] of Object.entries(read(path)?.parts ?? {})) {
    if (part.commit === commit) parts.set(name, part)
    else strangers.set(name, part.commit)
  }
  const write = async (to: string, record: ProveRecord): Promise<void> => {
    if (path === NO_FILE) return
    await writeFile(`${to}.tmp`, `${JSON.stringify(record, undefined, 2)}\n`)
    await rename(`${to}.tmp`, to)
  }
  if (strangers.size > 0) {
    const aside = path.replace(
      /(\.json)?$/,
      `.${[...strangers.values()][0]!.replace(/^(.{8})[^+]*/, '$1')}.json`,
    )
    await write(aside, read(path)!)
    const told = [...strangers].map(([name, of]) => `${name} (${of})`).join(', ')
    say(
      `proved at another commit than ${commit}, so left out: ${told}; ${path} as it was is kept as ${aside}`,
    )
  }
  return {
    commit,
    parts,
    async put(name, part) {
      parts.set(name, part)
      await write(path, { commit, parts: Object.fromEntries(parts) })
    },
  }
}

const NO_FILE = 'none'

function read(path: string): ProveRecord | undefined {
  if (path === NO_FILE) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const record = JSON.parse(text) as Partial<ProveRecord>
  if (record.parts === undefined)
    throw new Error(`${path} is not the result of a proof; name another file with --json`)
  return record as ProveRecord
}

/** The commit, with a digest of what was changed since in what a proof is about. */
export function commitOf(): string {
  const places = ['src', 'tests', 'benchmarks', 'package.json', 'package-lock.json']
  const git = (...args: string[]): string =>
    execFileSync('git', [...args, '--', ...places], {
      cwd: root,
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
    })
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
    const hash = createHash('sha256').update(git('diff', 'HEAD'))
    const fresh = git('ls-files', '--others', '--exclude-standard').split('\n').filter(Boolean)
    if (git('diff', 'HEAD', '--name-only') === '' && fresh.length === 0) return commit
    for (const name of fresh) hash.update(name).update(readFileSync(join(root, name)))
    return `${commit}+${hash.digest('hex').slice(0, 8)}`
  } catch {
    // A copy of the project without its history, or without git.
    return 'unknown'
  }
}
