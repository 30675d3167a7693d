/**
 * What a schema found, in our own words. A vendor's messages may quote the document, which may be a
 * secret; these are made of the schema's own limits only. The codes of zod 4 and zod 3 are
 * understood; anything else was "refused by the schema".
 */
export function wordsFor(issue: Readonly<Record<string, unknown>>): string {
  const limit = (name: string): string => shown(issue[name])
  // Zod 3 calls it `type`.
  const unit = unitOf(issue['origin'] ?? issue['type'])
  switch (issue['code']) {
    case 'invalid_type':
      return `expected ${word(issue['expected'], 'another type')}`
    case 'too_small':
      return `expected ${issue['inclusive'] === false ? 'more than' : 'at least'} ${limit('minimum')}${unit}`
    case 'too_big':
      return `expected ${issue['inclusive'] === false ? 'less than' : 'at most'} ${limit('maximum')}${unit}`
    case 'invalid_format':
      return formWords(issue['format'])
    case 'invalid_string':
      return formWords(issue['validation'])
    case 'not_multiple_of':
      return `expected a multiple of ${limit(issue['divisor'] === undefined ? 'multipleOf' : 'divisor')}`
    case 'unrecognized_keys':
      return 'unrecognized key'
    case 'invalid_value':
      return valueWords(issue['values'])
    case 'invalid_enum_value':
    case 'invalid_union_discriminator':
      return valueWords(issue['options'])
    case 'invalid_literal':
      return valueWords([issue['expected']])
    case 'invalid_union':
      return 'expected one of the alternatives of the schema'
    case 'invalid_key':
      return 'expected another key'
    case 'invalid_element':
      return 'expected another element'
    case 'custom':
      return 'refused by a rule of the schema'
    default:
      return 'refused by the schema'
  }
}

/** Codes for a value of the wrong kind, which a member that is not there is as well. */
const WRONG_KIND: ReadonlySet<unknown> = new Set([
  'invalid_type',
  'invalid_value',
  'invalid_union',
  'invalid_enum_value',
  'invalid_union_discriminator',
  'invalid_literal',
])

/**
 * Whether an issue at a place where the document has nothing means that something is missing there.
 */
export function tellsMissing(issue: Readonly<Record<string, unknown>>): boolean {
  return WRONG_KIND.has(issue['code'])
}

function formWords(format: unknown): string {
  // Zod 3 has an object in the place of a name where a part of a text is asked for.
  return format === 'regex' || typeof format === 'object'
    ? 'expected another form'
    : `expected the form ${word(format, 'of the schema')}`
}

function valueWords(values: unknown): string {
  return Array.isArray(values) ? choices(values) : 'expected one of the values of the schema'
}

function unitOf(origin: unknown): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' || origin === 'set' || origin === 'map' ? ' items' : ''
}

function choices(values: readonly unknown[]): string {
  const listed = values.slice(0, 8).map(shown)
  return `expected ${listed.length === 1 ? '' : 'one of '}${listed.join(', ')}${values.length > listed.length ? ', …' : ''}`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40))
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean' || value === null)
    return String(value)
  return 'what the schema allows'
}

/** A vendor's word when it is one: a type's or a format's name. */
function word(value: unknown, otherwise: string): string {
  return typeof value === 'string' && /^[A-Za-z][A-Za-z0-9_-]{0,39}$/.test(value) ? value : otherwise
}
