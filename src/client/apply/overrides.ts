import type { Issue } from '../../contracts/errors.js'
import type { Json, JsonObject } from '../../contracts/json.js'
import type { Schema } from '../../contracts/schema.js'
import type { System } from '../../contracts/system.js'
import { readJsonText } from '../../core/json/json-text.js'
import { exactPath, formatPath, type Step } from '../../core/json/path.js'
import { isJsonObject } from '../../core/json/shape.js'
import { checkOptions } from '../../core/options.js'
import { hasPlaceFor, jsonSchemaOf } from '../../core/schema/json-schema.js'
import { readSystem } from '../../system/system.js'

/**
 * Changes that a client lays over each document before it is validated: a developer's machine, an
 * operator's hand.
 */
export interface Overrides {
  readonly name: string
  /** The document with the changes in it. Never changes what it was given. */
  apply(document: Json): Overlaid
}

/** A document with changes in it. */
export interface Overlaid {
  readonly document: Json
  /**
   * What was changed, for people and reports: paths, each with what changed it, such as
   * `pool.size (SHOP_POOL__SIZE)`.
   */
  readonly paths: readonly string[]
  /**
   * What else may be meant where the schema found these issues; undefined where nothing else can
   * be.
   */
  otherwise?(issues: readonly Issue[]): Overlaid | undefined
  /** The same issues, those that are of a change with what it came from. */
  explain?(issues: readonly Issue[]): readonly Issue[]
  /**
   * Which changes made a member that the document did not have and the schema has no place for;
   * items of `paths`.
   */
  unknown?(schema: Schema): readonly string[]
}

/** Where the variables are. */
export interface EnvOverridesOptions {
  /** Its `platform` has the variables. Default: the machine's. */
  readonly system?: Partial<System>
}

/** One variable that was laid over. */
interface Change {
  readonly name: string
  readonly steps: readonly Step[]
  /** Its text as JSON; undefined where it is none, or would lose something. */
  readonly json: Json | undefined
  /** Whether the document had nothing there. */
  readonly isNew: boolean
}

/** The variables that are read as JSON, each with what the schema has against their text. */
type AsJson = ReadonlyMap<string, Issue | undefined>

/**
 * Overrides from environment variables that start with a prefix. What follows the prefix is the
 * path, its steps separated by two underscores: with `envOverrides('CHECKOUT_')`,
 * `CHECKOUT_POOL__SIZE=20` sets `pool.size`. A step finds the member it means whatever its case and
 * underscores (`MAX_SIZE` finds `maxSize`); one that finds none makes a member in camel case. A
 * value is text; where the schema objects to it there, it is read as JSON, unless a number would
 * lose digits. Kubernetes sets `CHECKOUT_PORT` and the like for a Service that is called checkout:
 * take a prefix that no Service has, or set `enableServiceLinks: false`. Throws `invalid-option`.
 *
 * ```ts
 * const client = createClient({ namespace, schema, strategy, overrides: envOverrides('CHECKOUT_CONFIG_') })
 * ```
 */
export function envOverrides(prefix: string, options: EnvOverridesOptions = {}): Overrides {
  checkOptions('envOverrides()', options, { system: true })
  const { platform } = readSystem('envOverrides()', options.system)
  return {
    name: `env ${prefix}*`,
    apply(document) {
      const variables = [...platform.environmentNames(prefix)].sort().flatMap(name => {
        const words = name.slice(prefix.length).split('__')
        const text = platform.environment(name)
        return text === undefined || words.includes('') ? [] : [{ name, words, text }]
      })
      // What others go into is no text.
      const outer = variables.filter(({ name }) =>
        variables.some(other => other.name.startsWith(`${name}__`)),
      )
      return lay(document, variables, new Map(outer.map(({ name }) => [name, undefined])))
    },
  }
}

interface Variable {
  readonly name: string
  readonly words: readonly string[]
  readonly text: string
}

function lay(document: Json, variables: readonly Variable[], asJson: AsJson): Overlaid {
  const changes: Change[] = []
  let changed = document
  for (const { name, words, text } of variables) {
    const json = jsonOf(text)
    const value = asJson.has(name) && json !== undefined ? json : text
    const steps: Step[] = []
    let isNew = false
    const onStep = (step: Step, isThere: boolean): void => {
      steps.push(step)
      isNew ||= !isThere
    }
    changed = place(changed, words, { value, onStep })
    changes.push({ name, steps, json, isNew })
  }
  return {
    document: changed,
    paths: changes.map(shown),
    otherwise(issues) {
      const objected = changes.flatMap(change => {
        if (asJson.has(change.name) || change.json === undefined) return []
        const objection =
          issues.find(issue => isAt(issue, change)) ?? issues.find(issue => isAround(issue, change))
        return objection === undefined ? [] : [[change.name, objection] as const]
      })
      return objected.length === 0 ? undefined : lay(document, variables, new Map([...asJson, ...objected]))
    },
    explain: issues =>
      issues.map(issue => {
        const change = changes.find(one => isAt(issue, one))
        if (change === undefined) return issue
        // Where neither reading fits, what is wrong with the text says more than that JSON is
        // something else.
        const { message } = (/^expected [a-z]+$/i.test(issue.message) && asJson.get(change.name)) || issue
        return { ...issue, message: `${message} (set by ${change.name})` }
      }),
    unknown(schema) {
      const made = changes.filter(({ isNew }) => isNew)
      // Writing a JSON Schema takes longer than all else here, and most changes are of what was
      // there.
      const names = made.length === 0 ? undefined : jsonSchemaOf(schema, { lenient: true })
      if (names === undefined) return []
      return made.filter(({ steps }) => !hasPlaceFor(steps, names)).map(shown)
    },
  }
}

function shown({ name, steps }: Change): string {
  return `${formatPath(steps)} (${name})`
}

/** Whether an issue is of a change itself. Keys that may not be shown are `*` in its path. */
function isAt({ path }: Issue, { steps }: Change): boolean {
  if (steps.length === 0) return false
  return path === steps.reduce<string>(exactPath, '') || patternOf(path).test(formatPath(steps))
}

/**
 * Whether an issue is of something that a change is a part of, as it is where several shapes are
 * allowed there.
 */
function isAround({ path }: Issue, { steps }: Change): boolean {
  return steps.some((_, length) => patternOf(path).test(formatPath(steps.slice(0, length))))
}

function patternOf(path: string): RegExp {
  const literal = path.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
  return new RegExp(`^${literal.replaceAll(String.raw`\*`, '[^.[]+')}$`)
}

interface Placing {
  readonly value: Json
  readonly onStep: (step: Step, isThere: boolean) => void
}

/**
 * A copy of `at` with a value placed below it; each step is told, and whether something was there.
 */
function place(at: Json | undefined, [word, ...rest]: readonly string[], placing: Placing): Json {
  if (word === undefined) return placing.value
  if (Array.isArray(at) && /^[0-9]{1,6}$/.test(word) && Number(word) <= at.length) {
    const index = Number(word)
    placing.onStep(index, index < at.length)
    const copy: Json[] = [...(at as readonly Json[])]
    copy[index] = place(copy[index], rest, placing)
    return copy
  }
  const object: JsonObject = isJsonObject(at) ? at : {}
  const key = findKey(object, word)
  const isThere = Object.hasOwn(object, key)
  placing.onStep(key, isThere)
  return { ...object, [key]: place(isThere ? object[key] : undefined, rest, placing) }
}

function findKey(object: JsonObject, word: string): string {
  const plain = (text: string): string => text.replaceAll(/[_-]/g, '').toLowerCase()
  const wanted = plain(word)
  return (
    Object.keys(object).find(key => plain(key) === wanted) ??
    word.toLowerCase().replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  )
}

/** A text as JSON; undefined where it is none, or where a number would lose digits. */
function jsonOf(text: string): Json | undefined {
  try {
    return readJsonText(text, { what: 'a variable' })
  } catch {
    // Then the text is all that it can be.
    return undefined
  }
}
