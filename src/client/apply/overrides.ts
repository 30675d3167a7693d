import type { Json, JsonObject } from '../../contracts/json.js'
import { formatPath, type Step } from '../../core/json/path.js'
import type { System } from '../../contracts/system.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'

/** Changes that a client lays over each document before it is validated: a developer's machine, an operator's hand. */
export interface Overrides {
  readonly name: string
  /** The document with the changes in it, and the paths that were changed. Never changes what it was given. */
  apply(document: Json): { readonly document: Json; readonly paths: readonly string[] }
}

/** Where the variables are. */
export interface EnvOverridesOptions {
  /** Its `platform` has the variables; the machine's unless given. */
  readonly system?: Partial<System>
}

/**
 * Overrides from environment variables that start with a prefix. What follows the prefix is the path, its steps separated by two underscores:
 * with `envOverrides('CHECKOUT_')`, `CHECKOUT_POOL__SIZE=20` sets `pool.size`. A step finds the member it means whatever its case and
 * underscores (`MAX_SIZE` finds `maxSize`); one that finds none makes a member in camel case. A value is read as JSON where it
 * is JSON, else as text; a place that holds text now stays text.
 */
export function envOverrides(prefix: string, options: EnvOverridesOptions = {}): Overrides {
  checkOptions('envOverrides()', options, { system: true })
  const { platform } = readSystem('envOverrides()', options.system)
  return {
    name: `env ${prefix}*`,
    apply(document) {
      const paths: string[] = []
      let changed = document
      for (const name of [...platform.environmentNames(prefix)].sort()) {
        const words = name.slice(prefix.length).split('__')
        const text = platform.environment(name)
        if (text === undefined || words.some(word => word === '')) continue
        const steps: Step[] = []
        changed = place(changed, words, text, steps)
        paths.push(formatPath(steps))
      }
      return { document: changed, paths }
    },
  }
}

/** A copy of `at` with the text placed below it; the steps taken are written to `steps`. */
function place(at: Json | undefined, words: readonly string[], text: string, steps: Step[]): Json {
  const [word, ...rest] = words
  if (word === undefined) return readValue(text, at)
  if (Array.isArray(at) && /^[0-9]{1,6}$/.test(word) && Number(word) <= at.length) {
    const index = Number(word)
    steps.push(index)
    const copy: Json[] = [...(at as readonly Json[])]
    copy[index] = place(copy[index], rest, text, steps)
    return copy
  }
  const object: JsonObject =
    typeof at === 'object' && at !== null && !Array.isArray(at) ? (at as JsonObject) : {}
  const key = findKey(object, word)
  steps.push(key)
  return { ...object, [key]: place(Object.hasOwn(object, key) ? object[key] : undefined, rest, text, steps) }
}

function findKey(object: JsonObject, word: string): string {
  const plain = (text: string): string => text.replaceAll(/[_-]/g, '').toLowerCase()
  const wanted = plain(word)
  return (
    Object.keys(object).find(key => plain(key) === wanted) ??
    word.toLowerCase().replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  )
}

function readValue(text: string, before: Json | undefined): Json {
  if (typeof before === 'string') return text
  try {
    return JSON.parse(text) as Json
  } catch {
    // Not JSON: the text itself is the value, and validation says whether that fits.
    return text
  }
}
