import { resolve } from 'node:path'
import { presets, withDocuments, type PresetPart, type WorkloadInput } from '../compare/index.js'
import { placed, readWorkloadFile, type ReadWorkloadFile } from '../compare/load-workload.js'
import { readWorkload } from '../compare/workload.js'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Arguments } from './arguments.js'
import type { CommandContext } from './command.js'
import { usageError } from './exit.js'
import { flagAtFault, keptOf, onTop, type PartOfWorkload } from './workload-flags.js'

/**
 * The workload: a file or a preset, and what flags say on top; and what of it is the preset's.
 * Throws a usage error that names the flag or the file.
 *
 * ```ts
 * const { input, preset } = await readInput(context)
 * ```
 */
export async function readInput({ io, args }: CommandContext): Promise<{
  readonly input: WorkloadInput
  readonly preset: PresetPart | undefined
}> {
  const [file] = args.positionals
  const named = args.text('preset')
  if (file !== undefined && named !== undefined)
    throw usageError('give a workload file or --preset, not both')
  if (file === undefined && named === undefined && args.text('clients') === undefined)
    throw usageError(
      'the workload is missing: pass a workload file, --preset NAME, or --clients N and --document FILE',
    )
  const base: Partial<ReadWorkloadFile> =
    file !== undefined
      ? await readWorkloadFile(resolve(io.cwd, file), io.signal)
      : named !== undefined
        ? { given: presetOf(named) }
        : {}
  const paths = documentsOf(base, { io, args })
  const kept = withoutReplaced(base.given ?? {}, args)
  const input = onTop(kept, args)
  const inFile = file === undefined ? '' : `, or write it in ${file}`
  if (input.clients === undefined)
    throw usageError(`the number of clients is missing: pass --clients N${inFile}`)
  if (input.documentBytes === undefined && paths.document === undefined)
    throw usageError(`the size of the document is missing: pass --document FILE or --bytes N${inFile}`)
  if (paths.next !== undefined && paths.document === undefined)
    throw usageError(`--next needs the document before the change: pass --document FILE${inFile}`)
  try {
    const workload = await withDocuments(input as WorkloadInput, { ...paths, signal: io.signal })
    readWorkload(workload)
    const preset = named === undefined ? undefined : { name: named, inputs: keptOf(kept, args) }
    return { input: workload, preset }
  } catch (error) {
    throw blamed(error, { file, args })
  }
}

/**
 * What a file or a preset says but for what flags say in its place: `--document` and `--bytes` are
 * about another document, of which it knows nothing.
 */
function withoutReplaced(given: PartOfWorkload, args: Arguments): PartOfWorkload {
  const { documentBytes, encodedBytes, changedBytes, ...rest } = given
  if (isReplaced(args)) return rest
  return {
    ...rest,
    ...(documentBytes !== undefined && { documentBytes }),
    ...(encodedBytes !== undefined && { encodedBytes }),
    ...(changedBytes !== undefined && args.text('next') === undefined && { changedBytes }),
  }
}

/** The files of the document: those of flags, and else those that the workload file names. */
function documentsOf(
  base: Partial<ReadWorkloadFile>,
  { io, args }: Pick<CommandContext, 'io' | 'args'>,
): Pick<ReadWorkloadFile, 'document' | 'next'> {
  const pathOf = (name: string): string | undefined => {
    const path = args.text(name)
    return path === undefined ? undefined : resolve(io.cwd, path)
  }
  const [document, next] = [pathOf('document'), pathOf('next')]
  for (const [one, other] of [
    ['document', 'bytes'],
    ['next', 'changed-bytes'],
  ] as const)
    if (args.text(one) !== undefined && args.text(other) !== undefined)
      throw usageError(`give --${one} or --${other}, not both`)
  if (isReplaced(args)) return { document, next }
  const keepsNext = args.text('changed-bytes') === undefined
  return { document: base.document, next: next ?? (keepsNext ? base.next : undefined) }
}

function isReplaced(args: Arguments): boolean {
  return args.text('document') !== undefined || args.text('bytes') !== undefined
}

/** The refusal of a workload with the flag or the file that says what is refused. */
function blamed(
  error: unknown,
  { file, args }: { readonly file: string | undefined; readonly args: Arguments },
): unknown {
  const isNamed = file !== undefined && args.text('document') === undefined && args.text('next') === undefined
  if (isNamed && isNoticeboardError(error, 'not-found')) {
    const message = `${error.message}; ${file} names it, and --document FILE takes its place`
    return new NoticeboardError('not-found', message, { cause: error })
  }
  if (!isNoticeboardError(error, 'invalid-option')) return error
  const flag = flagAtFault(error.message, args)
  if (flag !== undefined) return usageError(error.message.replace(/^a workload: [\w.]+/, flag))
  return file === undefined ? error : placed(error, file)
}

function presetOf(name: string): WorkloadInput {
  const preset = presets.find(known => known.name === name)
  if (preset !== undefined) return preset.workload
  throw usageError(`--preset must be one of ${presets.map(known => known.name).join(', ')}`)
}
