/** The encodings that a snapshot may come in; of equally welcome ones the first is sent. */
export const ENCODINGS = ['br', 'zstd', 'gzip'] as const

/** One of {@link ENCODINGS}, as `Content-Encoding` names it. */
export type Encoding = (typeof ENCODINGS)[number]

const NONE: readonly Encoding[] = []

/** How many headers are known by heart: a fleet sends a handful of them. */
const MAX_KNOWN = 64

/** The longest header that is remembered, in UTF-16 code units. */
const MAX_KNOWN_LENGTH = 256

const known = new Map<string, readonly Encoding[]>()

/**
 * Reads `Accept-Encoding`: those of ours that it names, the most welcome first. `*` names nothing,
 * so nobody gets an encoding that it may not know.
 *
 * ```ts
 * acceptedEncodings('gzip;q=0.8, br') // ['br', 'gzip']
 * ```
 */
export function acceptedEncodings(header: string | undefined): readonly Encoding[] {
  if (header === undefined || header === 'identity') return NONE
  const found = known.get(header)
  if (found !== undefined) return found
  const read = readHeader(header)
  if (header.length <= MAX_KNOWN_LENGTH) {
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(header, read)
  }
  return read
}

function readHeader(header: string): readonly Encoding[] {
  const weights = new Map<string, number>()
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map(text => text.trim())
    if (!weights.has(name)) weights.set(name, weightOf(parameters))
  }
  const weight = (encoding: Encoding): number => weights.get(encoding) ?? 0
  return ENCODINGS.filter(encoding => weight(encoding) > 0).sort((a, b) => weight(b) - weight(a))
}

/** The `q` of an encoding, 1 without one; one that is malformed refuses the encoding. */
function weightOf(parameters: readonly string[]): number {
  const given = parameters.find(text => text.startsWith('q='))
  if (given === undefined) return 1
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(given) ? Number(given.slice(2)) : 0
}
