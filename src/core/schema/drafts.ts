/** The versions of JSON Schema that are read, as the validator names them. */
export type Draft = '4' | '7' | '2019-09' | '2020-12'

const DRAFTS: Readonly<Record<string, Draft>> = {
  'draft-04/schema': '4',
  // What draft 6 has, draft 7 has as well.
  'draft-06/schema': '7',
  'draft-07/schema': '7',
  'draft/2019-09/schema': '2019-09',
  'draft/2020-12/schema': '2020-12',
}

/**
 * The draft that a `$schema` names; 2020-12 where there is none, undefined for any other.
 *
 * ```ts
 * draftOf('http://json-schema.org/draft-07/schema#') // '7'
 * ```
 */
export function draftOf(named: unknown): Draft | undefined {
  if (named === undefined) return '2020-12'
  if (typeof named !== 'string') return undefined
  const name = /^https?:\/\/json-schema\.org\/([^#]+)#?$/.exec(named)?.[1]
  return name !== undefined && Object.hasOwn(DRAFTS, name) ? DRAFTS[name] : undefined
}
