const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c

/**
 * Whether a JSON text has more commas, brackets, braces and backslashes than so many; within its
 * texts only backslashes count. No text has more values than one and its marks, so the bound holds
 * for the work of reading it, before any of that is done.
 */
export function exceedsMarks(text: Uint8Array, maximum: number): boolean {
  if (text.length <= maximum) return false
  let marks = 0
  let quoted = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text[at]
    if (code === BACKSLASH) {
      marks += 1
      // What it escapes: a quote there does not end the text.
      at += 1
    } else if (code === QUOTE) quoted = !quoted
    else if (!quoted && (code === COMMA || isBracket(code))) marks += 1
    if (marks > maximum) return true
  }
  return false
}

function isBracket(code: number | undefined): boolean {
  return code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d
}
