import { constants } from 'node:fs'
import { access, stat, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { problemOfCosts } from '../compare/costs/costs.js'
import { measureCosts, type Costs } from '../compare/index.js'
import { readJsonText } from '../core/json/json-text.js'
import { inWords, isMissing, systemErrorCode } from '../node/disk/system-error.js'
import type { CommandContext } from './command.js'
import { usageError } from './exit.js'
import { inputPath, readText } from './inputs.js'

/**
 * The costs that a file holds, or those that are recorded; undefined where they are measured first.
 * Throws a usage error that names the file and the field.
 *
 * ```ts
 * const costs = (await readCosts(context)) ?? (await calibrate(context))
 * ```
 */
export async function readCosts({
  io,
  args,
  inputs,
}: CommandContext): Promise<'recorded' | Costs | undefined> {
  const file = args.text('costs')
  const calibrates = args.flag('calibrate')
  if (file !== undefined && calibrates) throw usageError('give --costs or --calibrate, not both')
  if (args.text('save-costs') !== undefined && !calibrates) throw usageError('--save-costs needs --calibrate')
  if (file === undefined) return calibrates ? undefined : 'recorded'
  const text = await readText(inputs, inputPath(io, file), 'the costs file')
  const costs: unknown = readJsonText(text, { what: `the costs file ${file}` })
  const problem = problemOfCosts(costs)
  if (problem === undefined) return costs as Costs
  throw usageError(`--costs ${file}: ${problem}; it reads what --calibrate --save-costs wrote`)
}

/**
 * Measures what a server costs, which takes minutes, and keeps it at once: what comes after it may
 * fail.
 *
 * ```ts
 * const costs = await calibrate(context)
 * ```
 */
export async function calibrate({ io, args, print }: CommandContext): Promise<Costs> {
  const saved = args.text('save-costs')
  const costs = await measureCosts({
    cli: process.argv[1] ?? '',
    signal: io.signal,
    onProgress: text => print.note(`measuring: ${text}`),
  })
  if (saved !== undefined) await keepCosts(costs, { path: resolve(io.cwd, saved), print })
  return costs
}

/**
 * Writes costs to a file, or to stderr where that cannot be written: nobody measures again for a
 * disk that is full.
 *
 * ```ts
 * await keepCosts(costs, { path, print })
 * ```
 */
export async function keepCosts(
  costs: Costs,
  { path, print }: { readonly path: string } & Pick<CommandContext, 'print'>,
): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(costs, null, 2)}\n`)
  } catch (error) {
    const { message } = inWords(error, `write --save-costs ${path}`)
    print.warning(`${message}; this was measured: ${JSON.stringify(costs)}`)
  }
}

/**
 * Throws a usage error where the file of a flag could not be written in the end. It makes none.
 *
 * ```ts
 * await checkWritable(context, 'html')
 * ```
 */
export async function checkWritable({ io, args }: CommandContext, flag: string): Promise<void> {
  const name = args.text(flag)
  if (name === undefined) return
  const path = resolve(io.cwd, name)
  const refuse = (why: string): never => {
    throw usageError(`--${flag} ${name} cannot be written: ${why}`)
  }
  try {
    const found = await stat(path).catch(() => undefined)
    if (found?.isDirectory()) refuse('it is a folder; name a file in it')
    const folder = await stat(dirname(path))
    if (!folder.isDirectory()) refuse('there is no such folder')
    await access(found === undefined ? dirname(path) : path, constants.W_OK)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === undefined) throw error
    refuse(isMissing(error) ? 'there is no such folder' : code)
  }
}
