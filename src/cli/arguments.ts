import { parseArgs } from 'node:util'
import { usageError } from './exit.js'
import { nearest } from '../core/nearest.js'

/** One option of a command. */
export interface OptionSpec {
  /** What the value is, in help: `FILE`. Without it the option is a switch. */
  readonly value?: string
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: true
  readonly text: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** What was typed, checked against what there is. */
export interface Arguments {
  readonly positionals: readonly string[]
  flag(name: string): boolean
  text(name: string): string | undefined
  texts(name: string): readonly string[]
  /** A whole number of at least `minimum`. */
  integer(name: string, minimum: number): number | undefined
}

/** Reads a command line. Throws a usage error that names the nearest option. */
export function readArguments(args: readonly string[], specs: OptionSpecs): Arguments {
  const options = Object.fromEntries(
    Object.entries(specs).map(([name, { value, short }]) => [
      name,
      {
        type: value === undefined ? ('boolean' as const) : ('string' as const),
        multiple: true as const,
        ...(short !== undefined && { short }),
      },
    ]),
  )
  const { tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const positionals: string[] = []
  const values = new Map<string, string[]>()
  const again = new Set<string>()

  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    const spec = Object.hasOwn(specs, name) ? specs[name] : undefined
    if (spec === undefined)
      throw usageError(`there is no option ${show(rawName)}${suggest(name, Object.keys(specs))}`)
    if (spec.value === undefined) {
      if (value !== undefined) throw usageError(`${rawName} takes no value`)
      values.set(name, [])
      continue
    }
    // `--reason --everyone` is a reason that was forgotten; `--reason=--everyone` says that it was
    // meant. No option is named by a digit: `-5` is a number, and whoever reads it says what it may
    // be.
    if (value === undefined || (!token.inlineValue && /^-[^\d]/.test(value)))
      throw usageError(`${rawName} needs a value: ${rawName} ${spec.value}`)
    const earlier = values.get(name) ?? []
    if (earlier.length > 0 && spec.multiple !== true) again.add(rawName)
    values.set(name, [...earlier, value])
  }
  // All of them: of what a shell variable brought along the first is not what was meant.
  if (again.size > 0)
    throw usageError(
      `${[...again].join(' and ')} ${again.size === 1 ? 'was' : 'were'} given twice; give each once`,
    )

  const text = (name: string): string | undefined => values.get(name)?.[0]
  return {
    positionals,
    flag: name => values.has(name),
    text,
    texts: name => values.get(name) ?? [],
    integer(name, minimum) {
      const written = text(name)
      if (written === undefined) return undefined
      const value = /^[0-9]{1,15}$/.test(written) ? Number(written) : Number.NaN
      if (!(value >= minimum)) throw usageError(`--${name} must be a whole number of at least ${minimum}`)
      return value
    },
  }
}

/** A suggestion to append to a message: `; did you mean "publish"?`. */
export function suggest(text: string, candidates: readonly string[], prefix = '--'): string {
  const found = nearest(text, candidates)
  return found === undefined ? '' : `; did you mean ${prefix}${found}?`
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 60))
}
