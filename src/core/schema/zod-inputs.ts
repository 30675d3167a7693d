import { losesMeaning } from './wide-patterns.js'

/** What is looked at of one of zod's schemas. */
interface ZodSchema {
  readonly _zod: {
    readonly version?: { readonly major: number; readonly minor: number }
    readonly def: {
      readonly type: string
      readonly coerce?: boolean
      readonly inclusive?: boolean
      readonly discriminator?: string
      readonly in?: ZodSchema
      readonly innerType?: ZodSchema
      readonly keyType?: ZodSchema
      readonly valueType?: ZodSchema
      readonly shape?: Readonly<Record<string, ZodSchema>>
      readonly pattern?: RegExp
      readonly checks?: readonly ZodCheck[]
    }
    readonly bag?: { readonly patterns?: Iterable<RegExp> }
  }
}

interface ZodCheck {
  readonly _zod?: { readonly def?: { readonly check?: string; readonly pattern?: RegExp } }
}

/** What zod hands over for each part of a schema when it writes a JSON Schema. */
interface Part {
  readonly zodSchema: ZodSchema
  /** May be written to. */
  readonly jsonSchema: Record<string, unknown>
  readonly path: readonly (string | number)[]
}

/** Options of zod's `toJSONSchema`. */
export interface ZodOptions {
  readonly unrepresentable: 'any'
  readonly override: (part: Part) => void
}

/**
 * Has zod write a JSON Schema that refuses no document that the schema accepts. By itself zod
 * writes a coerced number as a number, forgets that a `catch` or a `preprocess` takes anything,
 * that `trim()` comes before the limits, and the flags of a regular expression. `onGap` is told
 * each place that accepts more than the schema, `onPattern` each pattern, `onUnits` that this zod
 * counts units of UTF-16 where JSON Schema counts characters.
 */
export function widenInputs({
  onGap,
  onPattern,
  onUnits,
}: {
  readonly onGap: (path: Part['path']) => void
  readonly onPattern: (pattern: RegExp) => void
  readonly onUnits: () => void
}): ZodOptions {
  return {
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema, path }) {
      const { def, version } = zodSchema._zod
      if (version === undefined || (version.major === 4 && version.minor < COUNTS_CHARACTERS)) onUnits()
      const clear = (keep: readonly string[] = []): void => {
        for (const keyword of Object.keys(jsonSchema)) if (!keep.includes(keyword)) delete jsonSchema[keyword]
        onGap(path)
      }
      if (takesAnything(zodSchema) || NO_WORDS.has(def.type)) return clear()
      // What a check made of the value is what the others look at.
      if (def.checks?.some(check => check._zod?.def?.check === 'overwrite') === true) return clear(['type'])
      const patterns = [zodSchema, def.keyType].flatMap(patternsOf)
      for (const pattern of patterns) onPattern(pattern)
      if (dropPatterns(jsonSchema, lostPatterns(patterns))) onGap(path)
      // What else may fit, by a rule that is not written here, is no reason to refuse.
      if (def.inclusive === false && def.discriminator === undefined && jsonSchema['oneOf'] !== undefined) {
        jsonSchema['anyOf'] = jsonSchema['oneOf']
        delete jsonSchema['oneOf']
        onGap(path)
      }
      const { required } = jsonSchema
      if (!Array.isArray(required)) return
      const left = required.filter(name => {
        const member = def.shape?.[name] ?? def.valueType
        return member === undefined || !takesAnything(member)
      })
      if (left.length > 0) jsonSchema['required'] = left
      else delete jsonSchema['required']
    },
  }
}

/** From this minor version of zod 4 on the length of a text is that of its characters. */
const COUNTS_CHARACTERS = 5

/** Types that JSON Schema has no words for. */
const NO_WORDS: ReadonlySet<string> = new Set([
  'bigint', 'symbol', 'undefined', 'void', 'date', 'map', 'set', 'nan', 'custom', 'transform', 'function', 'file', 'promise', 'success',
]) // prettier-ignore

/** Whether what a schema accepts is not what its type says, also where nothing is there. */
function takesAnything({ _zod: { def } }: ZodSchema): boolean {
  if (def.coerce === true || def.type === 'catch' || def.type === 'transform' || def.type === 'custom')
    return true
  const inner = def.in ?? def.innerType
  return inner !== undefined && takesAnything(inner)
}

/** The sources of those that JSON Schema, which has no flags, would read as something else. */
function lostPatterns(patterns: readonly RegExp[]): ReadonlySet<string> {
  return new Set(patterns.filter(losesMeaning).map(({ source }) => source))
}

/** Where they stand differs between the versions of zod. */
function patternsOf(schema: ZodSchema | undefined): readonly RegExp[] {
  if (schema === undefined) return []
  const { def, bag } = schema._zod
  const checks = def.checks?.map(check => check._zod?.def?.pattern) ?? []
  return [...(bag?.patterns ?? []), def.pattern, ...checks].filter(pattern => pattern !== undefined)
}

/** Takes those patterns out; false when none of them stands there. */
function dropPatterns(jsonSchema: Record<string, unknown>, lost: ReadonlySet<string>): boolean {
  const {
    pattern,
    allOf = [],
    patternProperties = {},
  } = jsonSchema as {
    readonly pattern?: string
    readonly allOf?: readonly { readonly pattern?: string }[]
    readonly patternProperties?: Readonly<Record<string, unknown>>
  }
  const isLost = (source: string | undefined): boolean => source !== undefined && lost.has(source)
  const parts = allOf.filter(part => !isLost(part.pattern))
  const sources = Object.entries(patternProperties).filter(([source]) => !isLost(source))
  if (isLost(pattern)) delete jsonSchema['pattern']
  if (parts.length < allOf.length) jsonSchema['allOf'] = parts
  if (parts.length === 0) delete jsonSchema['allOf']
  const dropsKeys = sources.length < Object.keys(patternProperties).length
  if (dropsKeys) jsonSchema['patternProperties'] = Object.fromEntries(sources)
  return isLost(pattern) || parts.length < allOf.length || dropsKeys
}
