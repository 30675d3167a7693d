/**
 * What makes a sentence a promise, by the name that a complaint gives it. Each is tried on the text
 * of the sentence without its marks; a command is one only in code.
 *
 * @type {Readonly<Record<string, RegExp>>}
 */
export const PATTERNS = {
  runtime:
    /\b(?:Node(?:\.js)? \d\d|Bun|Deno|browsers?|workerd|Cloudflare(?: Workers?)?|Lambda|Electron|Jest|vitest|Chromium|Safari|Firefox)\b/,
  // A second of something is a number, not a time.
  time: /(?!an? second(?! (?:late|apart|after|before|or|and|for|in|on|at|with|without|than)\b)(?= [a-z]))(?<![\w.,$])(?:\d[\d.,]*|half an?|an?|one|two|three|four|five|ten|six|seven|eight|nine|twelve|twenty|thirty)[ -](?:ms|s|milliseconds?|seconds?|minutes?|min|hours?|h|days?|weeks?|round trips?)(?!\w)/,
  mode: /`0o?[0-7]{3}`|\bmodes? (?:0o?)?[0-7]{3}\b/,
  command: /`(?:npm (?:run|test|install)|npx |noticeboard (?!=)|\.ci\/run|node scripts\/)[^`]*`/,
  bound:
    /(?<![\w-])(?:never|always|at most|at least|within|no (?:later|longer|more|fewer|older|larger) than)(?![\w-])/i,
}

/** Which of the patterns a sentence matches, by their names. @param {string} text */
export function promisesIn(text) {
  return Object.entries(PATTERNS)
    .filter(([, pattern]) => pattern.test(text))
    .map(([name]) => name)
}
