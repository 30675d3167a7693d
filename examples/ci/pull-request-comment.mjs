// Tells the author of a change how its rollout ended, by a comment on the pull request. Reads on
// stdin what `noticeboard publish --wait=completed --json` wrote to stdout and stderr.
//
// Needs in the environment: COMMENT_API_URL, COMMENT_REPOSITORY (owner/name), COMMENT_NUMBER and
// COMMENT_TOKEN.
import { realpathSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/**
 * @typedef {{ clientId: string, kind: string, code?: string, path?: string, validator?: string }}
 * Exception
 */

/**
 * What the command says in the end.
 *
 * @typedef {object} Verdict
 * @property {string} [namespace]
 * @property {string} [end]
 * @property {number} [stage] From 0 on.
 * @property {number} [of]
 * @property {readonly string[]} [why]
 * @property {{ readonly why: string, readonly exceptions: readonly Exception[] }} [evidence]
 * @property {{ readonly refusals: readonly Exception[] }} [reach]
 * @property {{ code: string, message: string, issues?: readonly { path: string, message: string }[]
 * }} [error]
 */

/** @type {Readonly<Record<string, string>>} */
const ENDS = {
  passed: 'has arrived',
  completed: 'has arrived',
  nobody: 'is published, and no client is there to run it',
  'rolled-back': 'was rolled back',
  refused: 'was refused by clients, and nothing took it back',
  paused: 'stands still, and somebody has to look',
  running: 'is not everywhere yet',
  superseded: 'was replaced by another release',
}

/** How many clients, and how many issues, are named. */
const NAMED = 20

/**
 * The comment, in Markdown.
 *
 * @param {string} output What the command wrote.
 */
export function commentOf(output) {
  const verdict = verdictIn(output)
  if (verdict === undefined) return 'The change was not published: the log of the job says why.'
  const { namespace = '', end = '', stage = 0, of, why = [], evidence, reach, error } = verdict
  if (error !== undefined) {
    const issues = (error.issues ?? []).map(({ path, message }) => `${code(path)}: ${code(message)}`)
    return [`The change was not published (${code(error.code)}).`, quoted([error.message]), listed(issues)]
      .filter(Boolean)
      .join('\n\n')
  }
  const where = of === undefined ? '' : `, stage ${stage + 1} of ${of}`
  const clients = [...(evidence?.exceptions ?? reach?.refusals ?? [])].map(sayClient)
  return [
    `The change of ${code(namespace)} ${ENDS[end] ?? code(end)}${where}.`,
    quoted(evidence === undefined ? why : [evidence.why]),
    listed(clients),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/**
 * Posts a comment, by an API that has comments of issues and pull requests at
 * `/repos/OWNER/NAME/issues/NUMBER/comments`.
 *
 * @param {string} body
 * @param {Readonly<Record<string, string | undefined>>} env
 */
export async function postComment(body, env) {
  const url = required(env, 'COMMENT_API_URL', /^https?:\/\/[^@]+$/).replace(/\/+$/, '')
  const repository = required(env, 'COMMENT_REPOSITORY', /^[\w-][\w.-]*\/(?!\.{1,2}$)[\w.-]+$/)
  const number = required(env, 'COMMENT_NUMBER', /^\d+$/)
  const token = required(env, 'COMMENT_TOKEN', /^[\x21-\x7e]+$/)
  const response = await fetch(`${url}/repos/${repository}/issues/${number}/comments`, {
    method: 'POST',
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'user-agent': 'noticeboard-example',
    },
    body: JSON.stringify({ body }),
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the comment was answered with ${response.status}`)
}

/**
 * The last line that says how it ended, or why nothing was published.
 *
 * @param {string} output
 * @returns {Verdict | undefined}
 */
function verdictIn(output) {
  const lines = output.split('\n').filter(line => line.startsWith('{'))
  for (const line of lines.toReversed()) {
    try {
      const said = /** @type {Verdict | null} */ (JSON.parse(line))
      if (said?.end !== undefined || said?.error !== undefined) return said
    } catch {
      // A line of the log that only looks like JSON.
    }
  }
  return undefined
}

/** @param {Exception} exception */
function sayClient({ clientId, kind, code: says, path, validator }) {
  const parts = [says === kind ? undefined : says, path, validator]
  const details = parts.filter(part => part !== undefined).map(code)
  return `${code(clientId)}: ${[kind, ...details].join(', ')}`
}

/**
 * Words of clients name and format nothing here.
 *
 * @param {string} words
 */
function code(words) {
  return `\`${words.replace(/[`\s]+/g, ' ').trim() || ' '}\``
}

/** @param {readonly string[]} lines */
function quoted(lines) {
  if (lines.length === 0) return ''
  return ['```text', ...lines.map(line => line.replace(/[`\s]+/g, ' ')), '```'].join('\n')
}

/** @param {readonly string[]} items */
function listed(items) {
  const named = items.slice(0, NAMED).map(item => `- ${item}`)
  return [...named, ...(items.length > NAMED ? [`- and ${items.length - NAMED} more`] : [])].join('\n')
}

/**
 * @param {Readonly<Record<string, string | undefined>>} env
 * @param {string} name
 * @param {RegExp} form
 */
function required(env, name, form) {
  const value = env[name] ?? ''
  if (form.test(value)) return value
  throw new Error(`the variable ${name} is ${value === '' ? 'missing' : 'not of its form'}`)
}

const [, started] = process.argv
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url))
  await postComment(commentOf(await text(process.stdin)), process.env)
