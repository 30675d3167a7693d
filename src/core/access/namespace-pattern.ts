import { MAX_SEGMENTS, namespaceProblem, type Namespace } from '../../contracts/names.js'

/**
 * What is wrong with a pattern of namespaces, in words that end in what to do; undefined when it is
 * well-formed.
 *
 * ```ts
 * patternProblem('checkout/*') // undefined
 * ```
 */
export function patternProblem(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '') return 'it must be a string such as "checkout/*"'
  const segments = text.split('/')
  if (segments.length > MAX_SEGMENTS)
    return `it has ${segments.length} segments; a namespace has ${MAX_SEGMENTS} at most`
  if (segments.slice(0, -1).includes('**')) return '"**" stands at the end alone: "checkout/**"'
  // A star stands for a segment: with one in its place the rest has to be a namespace.
  const named = segments.map(segment => (segment === '*' || segment === '**' ? 'x' : segment)).join('/')
  if (named.includes('*')) return 'a "*" stands for a whole segment: "checkout/*"'
  return namespaceProblem(named)
}

/**
 * Whether a pattern names a namespace: segment by segment, `*` for any one, a last `**` for one or
 * more.
 *
 * ```ts
 * matchesPattern('checkout/**', 'checkout/eu/prod') // true
 * ```
 */
export function matchesPattern(pattern: string, namespace: Namespace): boolean {
  const wanted = pattern.split('/')
  const given = namespace.split('/')
  const isOpen = wanted.at(-1) === '**'
  if (isOpen ? given.length < wanted.length : given.length !== wanted.length) return false
  return wanted.every((segment, index) => segment === '*' || segment === '**' || segment === given[index])
}
