import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import type { Source } from '../contracts/source.js'
import { decodeText } from '../core/json/strict-parse.js'
import { configFile, jsonFile, yamlFile } from '../node/index.js'
import { jsonFormat } from '../node/sources/json-file.js'
import { yamlFormat } from '../node/sources/yaml-file.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import type { CommandContext } from './command.js'
import { refusing, usageError } from './exit.js'
import { inputPath, isStdin } from './inputs.js'

/** The option of commands that read a document. */
export const FORMAT_OPTION = {
  value: 'NAME',
  text: 'json or yaml; unless given by the name of the file, and from a pipe by how it begins',
} as const

const FORMATS = { json: jsonFormat, yaml: yamlFormat }
type FormatName = keyof typeof FORMATS

/**
 * The source that a command line names: a JSON or YAML file, a pipe in place of one
 * (`<(envsubst < app.yaml)`), or standard input for `-`. Throws a usage error for a format that
 * there is not.
 *
 * ```ts
 * const document = await sourceFor(context, 'service.yaml').read(signal)
 * ```
 */
export function sourceFor({ io, args, inputs }: SourceContext, name: string): Source {
  const format = readFormat(args.text('format'))
  const path = inputPath(io, name)
  const readOnce = async (what: string): Promise<Json> =>
    parse(await inputs.read(path, 'the document'), { what, format })
  if (isStdin(path)) return { name: 'stdin', read: () => refusing(() => readOnce('stdin')) }
  const read = async (signal: AbortSignal): Promise<Json> =>
    (await isPipe(path)) ? readOnce(path) : fileOf(path, { format, io }).read(signal)
  return {
    name: path,
    read: signal => refusing(() => read(signal)),
    changes: signal => changesOf(path, { format, io }, signal),
  }
}

type SourceContext = Pick<CommandContext, 'io' | 'args' | 'inputs'>

function readFormat(written: string | undefined): FormatName | undefined {
  if (written === undefined || written === 'json' || written === 'yaml') return written
  throw usageError('--format must be json or yaml')
}

interface FileOptions {
  readonly format: FormatName | undefined
  readonly io: Pick<CommandContext['io'], 'system'>
}

function fileOf(path: string, { format, io: { system = {} } }: FileOptions): Source {
  if (format === 'json') return jsonFile(path, { system })
  if (format === 'yaml') return yamlFile(path, { system })
  if (/\.(?:json|ya?ml)$/i.test(path)) return configFile(path, { system })
  throw new NoticeboardError(
    'invalid-option',
    `${path} ends in neither .json, .yaml nor .yml; pass --format json or --format yaml`,
  )
}

async function* changesOf(path: string, options: FileOptions, signal: AbortSignal): AsyncGenerator<void> {
  yield* fileOf(path, options).changes?.(signal) ?? []
}

/**
 * Refuses what `--watch` cannot follow, before anything is read of it: a pipe that nobody writes to
 * would be waited for.
 *
 * ```ts
 * await assertWatchable(context, 'service.yaml')
 * ```
 */
export async function assertWatchable({ io }: Pick<CommandContext, 'io'>, name: string): Promise<void> {
  if (isStdin(name) || (await isPipe(resolve(io.cwd, name))))
    throw usageError(`${name} can be read only once; drop --watch`)
}

/**
 * Whether a path is something that gives its text once. What is missing is none: reading says so
 * better.
 */
async function isPipe(path: string): Promise<boolean> {
  try {
    const facts = await stat(path)
    return facts.isFIFO() || facts.isCharacterDevice() || facts.isSocket()
  } catch {
    return false
  }
}

function parse(
  bytes: Uint8Array,
  { what, format }: { readonly what: string; readonly format: FormatName | undefined },
): Json {
  const text = decodeText(bytes, what)
  const name = format ?? (/^\s*[[{]/.test(text) ? 'json' : 'yaml')
  const { parse: parseAs, maxTextBytes } = FORMATS[name]
  return parseAs(text, {
    what,
    maxBytes: MAX_SNAPSHOT_BYTES,
    maxTextBytes: maxTextBytes(MAX_SNAPSHOT_BYTES),
  })
}
