/**
 * What a schema found, in our own words. A vendor's messages may quote the document, which may be a secret; these are
 * made of the schema's own limits only. Zod's codes are understood; anything else was "refused by the schema".
 */
export function wordsFor(issue: Readonly<Record<string, unknown>>): string {
  const limit = (name: string): string => shown(issue[name])
  switch (issue['code']) {
    case 'invalid_type':
      // Zod tells a missing member by its message alone, which is made of type names.
      if (String(issue['message']).endsWith('received undefined')) return 'is missing'
      return `expected ${word(issue['expected'], 'another type')}`
    case 'too_small':
      return `expected ${issue['inclusive'] === false ? 'more than' : 'at least'} ${limit('minimum')}${unitOf(issue['origin'])}`
    case 'too_big':
      return `expected ${issue['inclusive'] === false ? 'less than' : 'at most'} ${limit('maximum')}${unitOf(issue['origin'])}`
    case 'invalid_format':
      return issue['format'] === 'regex'
        ? 'expected another form'
        : `expected the form ${word(issue['format'], 'of the schema')}`
    case 'not_multiple_of':
      return `expected a multiple of ${limit('divisor')}`
    case 'unrecognized_keys':
      return 'unrecognized key'
    case 'invalid_value':
      return Array.isArray(issue['values'])
        ? choices(issue['values'])
        : 'expected one of the values of the schema'
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
