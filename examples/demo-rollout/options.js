import { parseArgs } from 'node:util'
import { chosen, clientsProblem, parsed } from '../demo/arguments.js'
import { strategyNames } from './periods.js'

/** @import { StrategyName } from './periods.js' */

/** What can be taken away, and what follows. */
export const removable = /** @type {const} */ ({
  controller: 'nobody moves stages on, so publish() refuses them, and the document goes to everyone',
  quarantine: 'no client has a durable folder, so none knows what it died of',
  evidence: 'more than 5 % failures in a stage are too many, whatever happens to the others',
})

/**
 * @typedef {keyof typeof removable | 'nothing'} Removed
 *
 * @typedef {object} DemoOptions
 * @property {number} clients for each strategy
 * @property {readonly StrategyName[]} only
 * @property {number} patience
 * @property {number} seed
 * @property {Removed} without
 */

export const help = `usage: npm run demo:rollout -- [options]

A document that passes its schema and kills the application some time later goes to a fleet of real processes:
to everyone at once, and then as publish() does it by itself. Takes about a minute on two cores that do nothing
else, and leaves nothing running.

  --without <what>  takes one mechanism away and shows what happens then; exits 1
${Object.entries(removable)
  .map(([name, what]) => `                      ${name.padEnd(11)} ${what}`)
  .join('\n')}
  --clients <n>     clients for each strategy, 20 to 200 (default 20: 60 in all)
  --full            60 clients for each strategy; takes twice as long
  --only <names>    some of ${strategyNames.join(', ')}
  --seed <n>        draws after how long each process dies of the document (default: another one each time)
  --patience <n>    gives a slow machine n times as long, 1 to 100 (default 1)
  --help            shows this

Exit status: 0 the promise was kept, 1 it was not, 2 wrong usage, 130 interrupted.
`

/**
 * Reads the arguments. @param {string[]} args @returns {DemoOptions | 'help' | { problem: string }}
 */
export function readOptions(args) {
  const { values, problem } = parsed(
    () =>
      parseArgs({
        args,
        options: {
          clients: { type: 'string' },
          full: { type: 'boolean', default: false },
          only: { type: 'string', default: strategyNames.join(',') },
          patience: { type: 'string', default: '1' },
          seed: { type: 'string', default: String(Math.floor(1_000_000 * Math.random())) },
          without: { type: 'string', default: 'nothing' },
          help: { type: 'boolean', short: 'h', default: false },
        },
      }).values,
  )
  if (values === undefined) return { problem }
  if (values.help) return 'help'
  const { without } = values
  const patience = Number(values.patience)
  const seed = Number(values.seed)
  const clients = values.clients ?? (values.full ? '60' : '20')
  const wrong = clientsProblem(clients, { least: 20, most: 200 })
  if (wrong !== undefined) return { problem: wrong }
  if (!Number.isSafeInteger(seed)) return { problem: `--seed wants a whole number, not ${values.seed}` }
  if (!(patience >= 1 && patience <= 100))
    return { problem: `--patience wants a number from 1 to 100, not ${values.patience}` }
  if (!isRemoved(without))
    return { problem: `--without knows ${Object.keys(removable).join(', ')}, not ${without}` }
  const read = chosen(values.only, strategyNames)
  if (read.only === undefined) return read
  return { clients: Number(clients), patience, seed, without, only: read.only }
}

/** @param {string} text @returns {text is Removed} */
function isRemoved(text) {
  return text === 'nothing' || Object.hasOwn(removable, text)
}
