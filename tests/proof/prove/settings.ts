import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

/** The scale of a proof, and what to leave out. */
export interface ProveSettings {
  readonly seeds: number
  readonly from: number
  readonly bugSeeds: number
  readonly bugFrom: number
  /** The one planted bug to look for; undefined for all. */
  readonly bug: string | undefined
  readonly kills: number
  readonly killFrom: number
  readonly controllerKills: number
  readonly inputs: number
  readonly inputFrom: number
  /** The one parser to try; undefined for all. */
  readonly target: string | undefined
  /** How often each kind of stage is simulated. */
  readonly stages: number
  readonly rounds: number
  readonly roundFrom: number
  readonly lanes: number
  /** How long the attacks of a siege go on. */
  readonly siegeSeconds: number
  /** How many of its bounds are taken out, to see that it is seen. */
  readonly siegeControls: number
  /** How many small changes to the sources are tried. */
  readonly mutants: number
  readonly clients: number
  readonly publishes: number
  /** Of the files of `steps` and `scale` every n-th is run, from a drawn one on. */
  readonly every: number
  /** What a busy machine may add to the bound of a round of chaos, in milliseconds. */
  readonly graceMs: number
  readonly seed: number
}

export interface ProveArguments {
  readonly settings: ProveSettings
  readonly only: readonly string[] | undefined
  readonly json: string
  readonly resume: boolean
  readonly help: boolean
}

const workers = availableParallelism()

export const HELP = `The long form of the proof: runs each part, shows progress, a table, and writes a JSON file.

  npm run prove                                   everything
  npm run prove -- --only seeds,chaos             some parts: seeds, bugs, steps, kills, controllers, parsers, statistics, chaos, siege, scale, mutants, soak
  npm run prove -- --resume                       goes on after an interruption: without what is proved already

Parts that were proved at the same commit stay in the JSON file; those of another commit go to a file of their own.
Ends with 1 when anything failed, and with 0 otherwise.

  --only <parts>       the parts to run, with commas between
  --json <file>        where results go, and where those of other parts are kept (prove.json); none for nowhere
  --resume             leaves out parts that passed at this commit; seeds go on after their last 5,000
  --seed <n>           draws of parsers, statistics, chaos, kills, steps, siege, scale and mutants (1)

  seeds                --seeds <n> histories (100,000)        --from <seed> the first (1)
  bugs                 --bug-seeds <n> at most a bug (1,500)  --bug-from <seed> the first (500,000)    --bug <name> only this one
  steps                whatever may happen, at each await of each operation (npm test draws some)   --every <n> only every n-th file of them (1)
  kills                --kills <n> trials (5,000)             --kill-from <trial> the first (0)
  controllers          --controller-kills <n> trials (200)
  parsers              --inputs <n> inputs (10,000,000)       --input-from <index> the first (0)       --target <name> only this one
  statistics           --stages <n> of each kind (10,000)
  chaos                --rounds <n> rounds (1,000)            --round-from <round> the first (0)       --lanes <n> fleets at a time (${defaultLanes()} here)
                       --grace-ms <n> what a busy machine may add to the bound (0)
  siege                --siege-seconds <n> of attacks (60)    --siege-controls <n> bounds that are taken out, which has to be seen (all)
  scale                the tests of which npm test does a share, in full   --every <n> only every n-th file of them (1)
  mutants              --mutants <n> drawn changes to the sources (100), most of which a test has to notice
  soak                 --clients <n> in one process (2,000)   --publishes <n> (1,000)
`

/** Reads the command line. Throws on what it does not know. */
export function readArguments(argv: readonly string[]): ProveArguments {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args: [...argv],
    options: {
      only: text, json: text, seed: text, seeds: text, from: text, 'bug-seeds': text, 'bug-from': text, bug: text, kills: text, 'kill-from': text, 'controller-kills': text,
      inputs: text, 'input-from': text, target: text, stages: text, rounds: text, 'round-from': text, lanes: text, every: text, 'grace-ms': text, clients: text, publishes: text, mutants: text,
      'siege-seconds': text, 'siege-controls': text,
      resume: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  }) // prettier-ignore

  const number = (name: Exclude<keyof typeof values, 'resume' | 'help'>, preset: number): number => {
    const given = values[name]
    if (given === undefined) return preset
    const value = Number(given.replaceAll(/[,_]/g, ''))
    if (!Number.isSafeInteger(value) || value < 0)
      throw new Error(`--${name} wants a whole number, not ${given}`)
    return value
  }

  return {
    only: values.only?.split(','),
    json: values.json ?? 'prove.json',
    resume: values.resume,
    help: values.help,
    settings: {
      seeds: number('seeds', 100_000),
      from: number('from', 1),
      bugSeeds: number('bug-seeds', 1_500),
      bugFrom: number('bug-from', 500_000),
      bug: values.bug,
      kills: number('kills', 5_000),
      killFrom: number('kill-from', 0),
      controllerKills: number('controller-kills', 200),
      inputs: number('inputs', 10_000_000),
      inputFrom: number('input-from', 0),
      target: values.target,
      stages: number('stages', 10_000),
      rounds: number('rounds', 1_000),
      roundFrom: number('round-from', 0),
      lanes: number('lanes', defaultLanes()),
      every: number('every', 1),
      graceMs: number('grace-ms', 0),
      siegeSeconds: number('siege-seconds', 60),
      siegeControls: number('siege-controls', 1_000),
      mutants: number('mutants', 100),
      clients: number('clients', 2_000),
      publishes: number('publishes', 1_000),
      seed: number('seed', 1),
    },
  }
}

/** Rounds of chaos wait more than they compute. */
function defaultLanes(): number {
  return 2 * workers
}
