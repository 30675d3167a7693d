import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../../scripts/entry-points.js'

/**
 * The commands of a procedure of docs/operations.md, without their remarks: those of the first
 * shell block below the heading. A rehearsal types these, so that the page cannot become untrue.
 *
 * ```ts
 * for (const line of await procedure('The disk is full')) await type(line)
 * ```
 */
export async function procedure(heading: string): Promise<readonly string[]> {
  const page = await readFile(join(root, 'docs/operations.md'), 'utf8')
  const [, section] = page.split(`\n### ${heading}\n`)
  if (section === undefined) throw new Error(`docs/operations.md has no "### ${heading}" any more`)
  const [, block = ''] = /```sh\n([\s\S]*?)```/.exec(section) ?? []
  return commandsOf(block)
}

/** Every command of the page that calls noticeboard. */
export async function everyCommand(): Promise<readonly string[]> {
  const page = await readFile(join(root, 'docs/operations.md'), 'utf8')
  return [...page.matchAll(/```sh\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => commandsOf(block))
    .filter(line => line.startsWith('noticeboard '))
}

function commandsOf(block: string): readonly string[] {
  return block
    .split('\n')
    .map(line => line.replace(/ +# .*$/, '').trim())
    .filter(line => line !== '' && !line.startsWith('#'))
}

/** The words of a command, as a shell takes them apart. */
export function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, word]) => double ?? single ?? word ?? '',
  )
}
