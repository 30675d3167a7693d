import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { afterValueHint, keyHint, stringHint, valueHint } from './json-hints.js'
import { lostByNumber, numberEnd } from './json-number.js'
import { formatPath, type Step } from './path.js'
import { exceedsBytes, isWellFormed } from './text.js'
import { MAX_DEPTH, MAX_SNAPSHOT_BYTES } from '../limits.js'

/**
 * The longest JSON text that is read unless told otherwise, in bytes: white space makes it larger
 * than the snapshot it becomes.
 */
export const MAX_JSON_TEXT_BYTES: number = 4 * MAX_SNAPSHOT_BYTES

export interface JsonTextOptions {
  /** What the text is, for messages: a file's name. */
  readonly what: string
  /** As UTF-8. Default: {@link MAX_JSON_TEXT_BYTES}. */
  readonly maxBytes?: number
}

/**
 * Reads JSON as people write it, with white space and in any order. Accepts what JSON.parse
 * accepts, as the same value, less everything that would silently become something else: duplicate
 * keys, `__proto__`, numbers that overflow, vanish or lose digits of a whole number, -0, half
 * surrogate pairs, depth over 64. Throws `invalid-data` whose message reads
 * `what:line:column: words`, with the path in its issue and never a value of the document;
 * `too-large` past the limit.
 */
export function readJsonText(text: string, { what, maxBytes = MAX_JSON_TEXT_BYTES }: JsonTextOptions): Json {
  if (exceedsBytes(text, maxBytes))
    throw new NoticeboardError('too-large', `${what} is larger than the ${maxBytes} bytes that are allowed`)
  const steps: Step[] = []
  let at = 0

  const document = readValue()
  if (peek() !== undefined) throw problem(afterValueHint(text, at, 'the end'))
  return document

  function readValue(): Json {
    switch (peek()) {
      case '{':
        return nested(readObject)
      case '[':
        return nested(readArray)
      case '"':
        return readString()
      case 't':
        return readWord('true', true)
      case 'f':
        return readWord('false', false)
      case 'n':
        return readWord('null', null)
      default:
        return readNumber()
    }
  }

  // A level of nesting is a level of the call stack, so the limit on depth bounds the stack too.
  function nested(read: () => Json): Json {
    if (steps.length === MAX_DEPTH) throw problem(`it nests deeper than ${MAX_DEPTH} levels`)
    at += 1
    return read()
  }

  function readObject(): Json {
    const object: Record<string, Json> = {}
    if (take('}')) return object
    for (;;) {
      if (peek() !== '"') throw problem(keyHint(text, at))
      const start = at
      const key = readString()
      if (key === '__proto__') throw problem('a key is named "__proto__"; rename it', start)
      steps.push(key)
      if (Object.hasOwn(object, key)) throw problem('this key stands in its object twice; keep one', start)
      if (!take(':')) throw problem('a colon is missing after the key')
      object[key] = readValue()
      steps.pop()
      if (take('}')) return object
      if (!take(',')) throw problem(afterValueHint(text, at, '}'))
    }
  }

  function readArray(): Json {
    const items: Json[] = []
    if (take(']')) return items
    for (;;) {
      steps.push(items.length)
      if (items.length > 0 && peek() === ']')
        throw problem('a comma stands before the closing bracket; remove it')
      items.push(readValue())
      steps.pop()
      if (take(']')) return items
      if (!take(',')) throw problem(afterValueHint(text, at, ']'))
    }
  }

  function readWord<Value extends boolean | null>(word: string, value: Value): Value {
    if (!text.startsWith(word, at)) throw problem(valueHint(text, at))
    at += word.length
    return value
  }

  function readNumber(): number {
    const end = numberEnd(text, at)
    if (end === at) throw problem(valueHint(text, at))
    const spelling = text.slice(at, end)
    const lost = lostByNumber(spelling)
    if (lost !== undefined) throw problem(lost)
    at = end
    return Number(spelling)
  }

  function readString(): string {
    const start = at
    let plain = true
    for (at += 1; ; at += 1) {
      const code = text.charCodeAt(at)
      if (code === 0x22) break
      // Past the end the code is NaN, for which no comparison holds.
      if (!(code >= 0x20)) throw problem(stringHint(text, at))
      if (code === 0x5c) {
        const length = escapeLength(text, at)
        if (length === undefined)
          throw problem(
            'after a backslash only " \\ / b f n r t and u with four hexadecimal digits may stand',
          )
        at += length - 1
        plain = false
      } else if (code >= 0xd800 && code <= 0xdfff) plain = false
    }
    at += 1
    if (plain) return text.slice(start + 1, at - 1)
    const string = JSON.parse(text.slice(start, at)) as string
    if (!isWellFormed(string))
      throw problem('it holds half of a surrogate pair, which is not a character', start)
    return string
  }

  /** The next character that is not white space, which it moves to; undefined at the end. */
  function peek(): string | undefined {
    for (; ; at += 1) {
      const code = text.charCodeAt(at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return text[at]
    }
  }

  function take(character: string): boolean {
    if (peek() !== character) return false
    at += 1
    return true
  }

  function problem(message: string, where = at): NoticeboardError {
    // Counted in place: a list of lines would be as long as the text has empty ones.
    let line = 1
    let lineStart = 0
    for (let index = 0; index < where; index += 1) {
      const code = text.charCodeAt(index)
      if (code !== 0x0a && code !== 0x0d) continue
      if (code === 0x0a && index > 0 && text.charCodeAt(index - 1) === 0x0d) lineStart = index + 1
      else {
        line += 1
        lineStart = index + 1
      }
    }
    return new NoticeboardError('invalid-data', `${what}:${line}:${where - lineStart + 1}: ${message}`, {
      issues: [{ path: formatPath(steps), message, validator: 'format' }],
    })
  }
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})/y

/** How long the escape is that stands there; undefined where none does. */
function escapeLength(text: string, at: number): number | undefined {
  ESCAPE.lastIndex = at
  return ESCAPE.exec(text)?.[0].length
}
