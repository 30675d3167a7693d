import { NoticeboardError } from '../../contracts/errors.js'
import { isPlainObject } from '../built-ins.js'
import { formatPath, type Step } from './path.js'
import { isWellFormed } from './text.js'
import { MAX_DEPTH } from '../limits.js'

/** Texts that are written as they are: printable ASCII but for the quote and the backslash. */
const PLAIN = /^[ !#-[\]-~]*$/

/**
 * Past this many characters a value is not written: shared parts written out again and again have
 * no end.
 */
const MAX_CHARACTERS = 67_108_864

/**
 * The canonical JSON text of a value, as RFC 8785 writes it: keys ascending by UTF-16 code unit,
 * numbers and strings as ECMAScript prints them, no white space. Throws `invalid-data` naming the
 * path of anything that JSON cannot carry exactly: undefined items, functions, NaN, infinities, -0,
 * lone surrogates, `__proto__` keys, class instances, cycles, depth over 64. Members that are
 * undefined are left out, as JSON.stringify does. Throws `too-large` past 64 Mi characters.
 *
 * ```ts
 * canonicalize({ b: 1, a: [2] }) // '{"a":[2],"b":1}'
 * ```
 */
export function canonicalize(value: unknown): string {
  const steps: Step[] = []
  let length = 0

  return write(value)

  function write(part: unknown): string {
    spend(1)
    switch (typeof part) {
      case 'string':
        return writeString(part)
      case 'number':
        return writeNumber(part)
      case 'boolean':
        return part ? 'true' : 'false'
      case 'object':
        if (part === null) return 'null'
        if (steps.length >= MAX_DEPTH)
          throw refusal(`it nests deeper than ${MAX_DEPTH} levels; make it flatter`)
        return Array.isArray(part) ? writeArray(part) : writeObject(part)
      default:
        throw refusal(`JSON has no ${typeof part}; leave it out, or write a string`)
    }
  }

  function writeString(text: string): string {
    spend(text.length)
    if (PLAIN.test(text)) return `"${text}"`
    const written = JSON.stringify(text)
    // A well-formed text never needs an escape of the surrogate range; JSON.stringify writes one
    // for each lone surrogate.
    if (written.includes('\\ud') && !isWellFormed(text))
      throw refusal('it holds half of a surrogate pair, which is not a character')
    return written
  }

  function writeNumber(number: number): string {
    if (!Number.isFinite(number)) throw refusal('JSON has no NaN and no infinity; write a number or null')
    if (Object.is(number, -0)) throw refusal('-0 does not survive JSON; write 0')
    return String(number)
  }

  function writeArray(items: readonly unknown[]): string {
    let text = '['
    for (let index = 0; index < items.length; index += 1) {
      steps.push(index)
      text += (index === 0 ? '' : ',') + write(items[index])
      steps.pop()
    }
    return `${text}]`
  }

  function writeObject(object: object): string {
    if (!isPlainObject(object))
      throw refusal(
        'only plain objects and arrays can be written as JSON; write dates, maps and instances of classes as those',
      )
    let text = ''
    for (const key of Object.keys(object).sort(byCodeUnit)) {
      if (key === '__proto__') throw refusal('a key is named "__proto__"; rename it')
      const member = object[key]
      if (member === undefined) continue
      steps.push(key)
      text += `${text === '' ? '' : ','}${writeString(key)}:${write(member)}`
      steps.pop()
    }
    return `{${text}}`
  }

  function spend(characters: number): void {
    length += characters
    if (length > MAX_CHARACTERS)
      throw new NoticeboardError(
        'too-large',
        `the document has more than ${MAX_CHARACTERS} characters as JSON; split it into namespaces`,
      )
  }

  function refusal(message: string): NoticeboardError {
    const path = formatPath(steps)
    return new NoticeboardError(
      'invalid-data',
      `${path === '' ? 'the document' : path} cannot be written as JSON: ${message}`,
      {
        issues: [{ path, message, validator: 'format' }],
      },
    )
  }
}

/**
 * The order of texts by UTF-16 code unit, as RFC 8785 has it for keys; `<` compares strings so in
 * ECMAScript.
 */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
