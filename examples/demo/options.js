import { parseArgs } from 'node:util'
import { chosen, clientsProblem, parsed } from './arguments.js'

/** What can be turned off, and what shows it. */
export const breakable = /** @type {const} */ ({
  watchdog: 'a middlebox keeps dead streams warm, so nobody notices that they died',
  sweep: 'nobody asks without being told, so what a stale relay hides stays hidden',
  lkg: 'nothing is kept on disk, so who restarts while the server is down has nothing',
})

/** The stories, in their order. */
export const storyNames = /** @type {const} */ ([
  'change',
  'idle',
  'bad',
  'rollback',
  'silence',
  'down',
  'relay',
  'outage',
])

/** @typedef {keyof typeof breakable | 'none'} Breakage */
/** @typedef {typeof storyNames[number]} StoryName */

/**
 * @typedef {object} DemoOptions
 * @property {Breakage} broken
 * @property {number} clients applications for each strategy
 * @property {boolean} keep
 * @property {readonly StoryName[]} only
 * @property {string} [table] a folder of an earlier run
 */

export const help = `usage: npm run demo -- [options]        (or: noticeboard demo [options])

A server on a folder, a fleet in several processes, three strategies, three documents, and what happens to
such things in the field. One table at the end. Takes less than a minute on a machine that has time for it,
leaves nothing running.

  --clients <n>     applications for each strategy, 2 to 200 (default 20)
  --break <what>    turns one mechanism off and shows who is missed then; exits 1
${Object.entries(breakable)
  .map(([name, what]) => `                      ${name.padEnd(9)} ${what}`)
  .join('\n')}
                      none      the normal run
  --only <stories>  tells some of ${storyNames.join(', ')}
  --table <folder>  prints the table of an earlier run once more, from its event files
  --keep            keeps the board and the state folders too, not only the event files
  --help            shows this

Exit status: 0 nobody was missed, 1 somebody was or a story failed, 2 wrong usage, 130 interrupted.
`

/**
 * Reads the arguments; a string is what is wrong with them. @param {string[]} args
 * @returns {DemoOptions | 'help' | { problem: string }}
 */
export function readOptions(args) {
  const { values, problem } = parsed(
    () =>
      parseArgs({
        args,
        options: {
          clients: { type: 'string', default: '20' },
          break: { type: 'string', default: 'none' },
          only: { type: 'string', default: storyNames.join(',') },
          table: { type: 'string' },
          keep: { type: 'boolean', default: false },
          help: { type: 'boolean', short: 'h', default: false },
        },
      }).values,
  )
  if (values === undefined) return { problem }
  if (values.help) return 'help'
  const wrong = clientsProblem(values.clients, { least: 2, most: 200 })
  if (wrong !== undefined) return { problem: wrong }
  const broken = values.break
  if (!isBreakage(broken)) {
    return { problem: `--break knows ${Object.keys(breakable).join(', ')} and none, not ${broken}` }
  }
  const read = chosen(values.only, storyNames)
  if (read.only === undefined) return read
  return {
    broken,
    clients: Number(values.clients),
    keep: values.keep,
    only: read.only,
    ...(values.table && { table: values.table }),
  }
}

/** @param {string} text @returns {text is Breakage} */
function isBreakage(text) {
  return text === 'none' || Object.hasOwn(breakable, text)
}
