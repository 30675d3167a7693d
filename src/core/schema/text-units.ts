import { unicodePattern } from './pattern.js'

/**
 * JavaScript counts a character beyond U+FFFF, such as an emoji, as two units: `length` does, and
 * so does a regular expression without the flag `u`. JSON Schema counts characters. What is written
 * here for it accepts every text that the program accepts; a text without such characters is
 * checked exactly.
 */
const BEYOND = '[\\u{10000}-\\u{10FFFF}]'

/**
 * The source of a regular expression without the flag `u` for JSON Schema, which reads it with that
 * flag: where the two may read a text differently, every text with a character beyond U+FFFF is
 * accepted. Undefined for one that has no such form.
 *
 * ```ts
 * patternByUnits('^..$') // '[\\u{10000}-\\u{10FFFF}]|(?:^..$)', since '😀' has two units
 * patternByUnits('^[a-z]+$') // '^[a-z]+$'
 * ```
 */
export function patternByUnits(source: string): string | undefined {
  const strict = unicodePattern(source)
  if (strict === undefined) return undefined
  return unitsMatter(source) ? `${BEYOND}|(?:${strict})` : source
}

/**
 * Keywords of JSON Schema for a text that has so many units at least: in a text with characters
 * beyond U+FFFF half as many characters may do.
 */
export function minLengthByUnits(units: number): Readonly<Record<string, unknown>> {
  if (units < 2) return { minLength: units }
  const most = { if: { pattern: BEYOND }, else: { minLength: units } }
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  return { ...most, then: { minLength: Math.ceil(units / 2) } }
}

/** A piece of a regular expression. */
interface Token {
  readonly text: string
  /** How many groups it stands in. */
  readonly depth: number
  /** How often it must match, and may. */
  readonly least: number
  readonly most: number
  /** Whether it may match half of a character beyond U+FFFF. */
  readonly takesHalves: boolean
  /** Whether it matches every half, and with the flag `u` every whole one. */
  readonly takesAll: boolean
}

const TOKEN =
  /\\(?:c[A-Za-z]|x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|k<[^>]*>|\d+|[^])|\[(?:\\[^]|[^\]\\])*\]|\((?:\?(?:[:=!]|<[=!]|<[^>]*>))?|[^]/uy
const QUANTIFIER = /(?:[*+?]|\{(\d+)(,)?(\d*)\})\??/y
/** What matches a place, and no character. */
const PLACE = /^(?:\\[bB]|\(\?<?[=!])$/
const HALVES = Array.from({ length: 0x800 }, (_, index) => String.fromCharCode(0xd800 + index))
const WHOLES = ['\u{10000}', '\u{1F600}', '\u{10FFFF}']

/**
 * Whether a text with characters beyond U+FFFF may match without the flag `u` and not match with
 * it. False only where that is certain.
 */
function unitsMatter(source: string): boolean {
  const tokens = tokensOf(source)
  const halves = tokens.filter(token => token.takesHalves)
  const places = tokens.filter(({ text }) => PLACE.test(text))
  const isAnchored = tokens[0]?.text === '^' && !tokens.some(({ text, depth }) => text === '|' && depth === 0)
  // From the start on, a match without halves is never in the middle of a character.
  if (halves.length === 0) return places.length > 0 && !isAnchored
  if (halves.some(token => !token.takesAll)) return true
  const looksAhead = places.every(({ text }) => /^(?:\\b|\(\?[=!])$/.test(text))
  if (isAnchored && looksAhead && halves.every(token => isAhead(tokens, token)))
    return halves.some(({ least, most }) => least > 0 || most < Infinity)
  return places.length > 0 || tokens.some(({ text }) => /^\\[1-9k]/.test(text)) || mustTakeTwo(tokens)
}

/** Whether a token stands in a group that looks ahead. */
function isAhead(tokens: readonly Token[], token: Token): boolean {
  const before = tokens.slice(0, tokens.indexOf(token))
  return before.some(
    ({ text, depth }, index) =>
      /^\(\?[=!]$/.test(text) && before.slice(index + 1).every(inner => inner.depth > depth),
  )
}

/**
 * Whether both halves of one character may be needed by two matches that stand side by side, so
 * that one of them is left with nothing where characters are whole.
 */
function mustTakeTwo(tokens: readonly Token[]): boolean {
  let needed = 0
  return tokens.some((token, index) => {
    const { text, depth, least, takesHalves } = token
    if (depth === 0 && (text === '|' || (least > 0 && !takesHalves && !/^[()^$]/.test(text)))) needed = 0
    if (!takesHalves) return false
    needed += least
    return needed > 1 || isRepeated(tokens.slice(index), depth)
  })
}

/** Whether one of the groups that are open may match more than once. */
function isRepeated(rest: readonly Token[], depth: number): boolean {
  return rest.some(
    (token, index) =>
      token.text === ')' &&
      token.depth < depth &&
      rest.slice(0, index).every(inner => inner.depth > token.depth) &&
      token.most > 1,
  )
}

function tokensOf(source: string): readonly Token[] {
  const tokens: Token[] = []
  let depth = 0
  let at = 0
  while (at < source.length) {
    const text = matchAt(TOKEN, source, at)?.[0] ?? source.slice(at, at + 1)
    at += text.length
    const quantifier = matchAt(QUANTIFIER, source, at)
    at += quantifier?.[0].length ?? 0
    if (text === ')') depth -= 1
    const takesHalves = isOne(text) && HALVES.some(half => matches(text, '', half))
    tokens.push({
      text,
      depth,
      ...timesOf(quantifier),
      takesHalves,
      takesAll:
        takesHalves &&
        HALVES.every(half => matches(text, '', half)) &&
        WHOLES.every(whole => matches(unicodePattern(text) ?? '', 'u', whole)),
    })
    if (text.startsWith('(')) depth += 1
  }
  return tokens
}

/** Whether a token matches one unit. */
function isOne(text: string): boolean {
  return text === '.' || text.startsWith('[') || (text.startsWith('\\') && !/^\\(?:[bB1-9]|k<)/.test(text))
}

function timesOf(quantifier: RegExpExecArray | undefined): Pick<Token, 'least' | 'most'> {
  const [text = '', least, comma, most] = quantifier ?? []
  if (least === undefined)
    return { least: /^[*?]/.test(text) ? 0 : 1, most: /^[*+]/.test(text) ? Infinity : 1 }
  const endless = comma !== undefined && most === ''
  return { least: Number(least), most: endless ? Infinity : Number(most === '' ? least : most) }
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(source) ?? undefined
}

function matches(source: string, flags: string, text: string): boolean {
  return new RegExp(`^(?:${source})$`, flags).test(text)
}
