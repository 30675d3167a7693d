/**
 * Words for what stands where JSON expects something else. They say what to do, and never quote
 * what stands there.
 */

/** What is wrong where a value is expected. */
export function valueHint(text: string, at: number): string {
  const rest = text.slice(at, at + 12)
  const general = generalHint(rest)
  if (general !== undefined) return general
  if (/^(?:NaN|[+-]?Infinity)/.test(rest)) return 'JSON has no NaN and no infinity; write a number or null'
  if (/^(?:undefined|None|nil)\b/.test(rest)) return 'JSON writes a missing value as null'
  if (/^(?:true|false|null)\b/i.test(rest)) return 'true, false and null are written in lower case'
  if (/^\+?\.?\d/.test(rest) || rest.startsWith('-')) {
    return 'the number is not written as JSON: no plus sign, no leading zeros, and digits before and after the point'
  }
  if (/^[}\]:,]/.test(rest)) return 'a value is missing here'
  return 'this is not a JSON value; write strings in double quotes'
}

/** What is wrong where a key is expected. */
export function keyHint(text: string, at: number): string {
  const rest = text.slice(at, at + 12)
  const general = generalHint(rest)
  if (general !== undefined) return general
  if (rest.startsWith('}')) return 'a comma stands before the closing brace; remove it'
  return 'a key in double quotes is expected'
}

/** What is wrong where a value is complete, and a comma or the end of what holds it is expected. */
export function afterValueHint(text: string, at: number, close: '}' | ']' | 'the end'): string {
  const rest = text.slice(at, at + 12)
  // What looks like the rest of a number is one that was not written as JSON: 01, 1.2.3, 0x10.
  if (/[0-9]/.test(text[at - 1] ?? '') && /^[0-9.A-Za-z_]/.test(rest))
    return 'the number is not written as JSON: no leading zeros, separators or units'
  const general = generalHint(rest)
  if (general !== undefined) return general
  return close === 'the end'
    ? 'the document is complete, but more text follows; remove it'
    : `a comma or ${close} is expected after the value`
}

/** What is wrong inside a string that cannot go on. */
export function stringHint(text: string, at: number): string {
  if (at >= text.length) return 'the text ends inside a string; close it with a double quote'
  if (text[at] === '\n' || text[at] === '\r')
    return 'a string goes over the end of its line; close it, or write \\n for a line break'
  return 'a string holds a control character; write it as \\t or \\u and four hexadecimal digits'
}

function generalHint(rest: string): string | undefined {
  if (rest === '') return 'the text ends too early: an object, a list or a string is not closed'
  if (rest.startsWith('//') || rest.startsWith('/*') || rest.startsWith('#'))
    return 'JSON has no comments; remove it'
  if (rest.startsWith("'")) return 'JSON writes strings and keys in double quotes'
  if (rest.startsWith('\u{feff}')) return 'the text has a byte order mark; save it as UTF-8 without one'
  return undefined
}
