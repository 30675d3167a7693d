import { readFile, stat } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { NoticeboardError } from '../contracts/errors.js'
import type { Schema } from '../contracts/schema.js'
import type { Validator } from '../contracts/validator.js'
import type { RolloutListener } from '../controller/index.js'
import type { Gate } from '../publisher/index.js'
import type { RolloutFloor, RolloutPolicy } from '../rollouts/index.js'
import type { ProxyIdentity } from '../server/index.js'
import { decodeText } from '../core/json/strict-parse.js'
import { readJsonText } from '../core/json/json-text.js'
import { asError, usageError } from './exit.js'
import { nearest } from '../core/nearest.js'
import { isError } from '../core/built-ins.js'

/**
 * What checks the documents of a namespace: a schema of code, or the path of a JSON Schema file;
 * and validators.
 */
export interface NamespaceConfig {
  readonly schema?: Schema | string
  readonly validators?: readonly Validator[]
}

/** What `noticeboard.config.js`, `.mjs` (their default export) or `.json` may hold. */
export interface CommandLineConfig extends NamespaceConfig {
  readonly url?: string
  /** A folder, relative to the file. */
  readonly board?: string
  readonly namespace?: string
  readonly token?: string | (() => string | Promise<string>)
  readonly author?: string
  /**
   * The gates that rollouts can ask, each those that its plan names: `rollout` names them in
   * `staged({ gates })`; only in a file of code.
   */
  readonly gates?: readonly Gate[]
  /**
   * Rollout policies of your own, by which `noticeboard serve` and `noticeboard controller` move
   * rollouts on and `noticeboard rollout show` judges them; only in a file of code.
   */
  readonly policies?: readonly RolloutPolicy[]
  /**
   * Told of each move of a rollout by `noticeboard serve` and `noticeboard controller`; only in a
   * file of code.
   */
  readonly listeners?: readonly RolloutListener[]
  /**
   * How documents spread; only in a file of code. `--stages` and `--rehearse` change what they name
   * of a `staged()`, and nothing else of it.
   */
  readonly rollout?: RolloutPolicy
  /**
   * How careful every rollout has to be; `noticeboard serve` holds every token to it.
   */
  readonly floor?: RolloutFloor
  /**
   * The most bytes that a release and its snapshots may have together, where a mirror follows the
   * store: 1,048,576 for one ConfigMap.
   */
  readonly maxBoardBytes?: number
  /**
   * What those may do whom a proxy in front of `noticeboard serve` names; only in a file of code.
   */
  readonly proxyIdentity?: ProxyIdentity
  /** What differs for some namespaces. */
  readonly namespaces?: Readonly<Record<string, NamespaceConfig>>
}

export interface LoadedConfig {
  readonly config: CommandLineConfig
  /** The folder that its paths are relative to. */
  readonly folder: string
  readonly file: string
}

const NAMES = ['noticeboard.config.js', 'noticeboard.config.mjs', 'noticeboard.config.json']
const KEYS = [
  'url',
  'board',
  'namespace',
  'token',
  'author',
  'schema',
  'validators',
  'gates',
  'policies',
  'listeners',
  'rollout',
  'floor',
  'maxBoardBytes',
  'proxyIdentity',
  'namespaces',
]

/**
 * The configuration file that was named, or the nearest one upward; undefined when there is none.
 * Runs its code.
 */
export async function loadConfig(cwd: string, named: string | undefined): Promise<LoadedConfig | undefined> {
  const file = named === undefined ? await findUpward(cwd) : resolve(cwd, named)
  if (file === undefined) return undefined
  if (!(await isFile(file))) throw usageError(`there is no configuration file ${file}`)
  const config = extname(file) === '.json' ? await readJson(file) : await importDefault(file)
  check(config, file)
  return { config, folder: dirname(file), file }
}

async function findUpward(from: string): Promise<string | undefined> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    for (const name of NAMES) {
      const file = join(folder, name)
      if (await isFile(file)) return file
    }
    if (dirname(folder) === folder) return undefined
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch {
    // Missing, or in a folder that is closed to us: there is none for us either way.
    return false
  }
}

async function readJson(file: string): Promise<unknown> {
  try {
    return readJsonText(decodeText(await readFile(file), file), { what: file })
  } catch (error) {
    throw new NoticeboardError('invalid-option', asError(error).message, { cause: error })
  }
}

async function importDefault(file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown }
    return module.default
  } catch (error) {
    // Unlike a document, this is the user's own code: its message is what they need.
    const words = isError(error) ? error.message : 'it threw something that is not an Error'
    throw new NoticeboardError('invalid-option', `${file} failed when it was loaded: ${words}`, {
      cause: error,
    })
  }
}

function check(config: unknown, file: string): asserts config is CommandLineConfig {
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw usageError(
      `${file} must ${extname(file) === '.json' ? 'hold' : 'export by default'} an object, such as { "url": "http://127.0.0.1:4600", "namespace": "checkout/prod" }`,
    )
  }
  for (const key of Object.keys(config)) {
    if (KEYS.includes(key)) continue
    const meant = nearest(key, KEYS)
    throw usageError(
      `${file} has an unknown key ${JSON.stringify(key.slice(0, 60))}${meant === undefined ? `; known are ${KEYS.join(', ')}` : `; did you mean "${meant}"?`}`,
    )
  }
  const { url, board, namespace, author } = config as Record<string, unknown>
  for (const [key, value] of Object.entries({ url, board, namespace, author })) {
    if (value !== undefined && typeof value !== 'string')
      throw usageError(`"${key}" in ${file} must be a string`)
  }
  if (url !== undefined && board !== undefined)
    throw usageError(`${file} names both a url and a board; keep one`)
}
