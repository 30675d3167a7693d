import { NoticeboardError } from '../contracts/errors.js'
import { checkOptions } from '../core/options.js'
import { predictBlast, type BlastOptions } from './blast-radius.js'
import { isCosts, type Costs } from './costs/costs.js'
import { recordedCosts } from './costs/recorded.js'
import { estimate, type ShapedModel } from './formula/estimate.js'
import { defaultModels } from './default-models.js'
import type { Model, RunnableModel } from './models.js'
import type { Comparison } from './result.js'
import type { Basis } from './row-of.js'
import type { Row } from './row.js'
import { FULL_WINDOWS, QUICK_WINDOWS, runModel } from './run/run-model.js'
import { simulateModel } from './simulation/simulate-model.js'
import { becauseOf } from './verdict/because.js'
import { sayCompressedStreams } from './verdict/compressed-streams.js'
import { crossoverMapOf } from './verdict/crossover-map.js'
import { crossingsOf } from './verdict/crossings.js'
import { sayDeltas } from './verdict/deltas.js'
import { choose, WEIGHTS, type Weights } from './verdict/recommend.js'
import { INPUTS, readWorkload, type WorkloadInput } from './workload.js'

/** What is compared, and how deeply. */
export interface CompareOptions {
  /**
   * The models. Default: hybrid and push, with the usual heartbeat and with one that suits the
   * deadlines, and pull: every 30 s, as seldom as the deadlines allow, and adaptive.
   */
  readonly models?: readonly Model[]
  /**
   * How deeply it looks. `formula`: arithmetic, in an instant. `simulation`: the strategies
   * themselves, with real clients and servers in virtual time; minutes, and what a model without a
   * shape needs. `run`: real processes and sockets over loopback, which takes `cli`, Linux, and
   * some five minutes of the clock for each model; models that this machine cannot show are
   * computed, as the depth of their row says. Default `formula`.
   */
  readonly depth?: Row['depth']
  /**
   * The file of the command line, from which a run starts its processes:
   * `node_modules/noticeboard/dist/cli/main.js`. Default: none; a run is refused without it.
   */
  readonly cli?: string
  /** Whether a run is shorter: outages are computed then. Default false. */
  readonly quick?: boolean
  /**
   * What a server costs: the figures of a recorded run, or your own from `measureCosts()`. Default
   * `recorded`.
   */
  readonly costs?: 'recorded' | Costs
  /** What counts, and how much. Default: processor time and bytes by half each. */
  readonly weights?: Weights
  /** What the bad document of the blast radius is like. Default: as its fields say. */
  readonly blast?: BlastOptions
  /**
   * How many clients are simulated or run at most, up to 10,000. Of a larger fleet those of a model
   * with a shape are simulated by a light population, of another model each client stands for
   * several; and a run is a sample. Default 2,000; 500 of a run.
   */
  readonly mostClients?: number
  /**
   * What chance is drawn from in a simulation, any whole number: the same seed gives the same rows.
   * Default 1.
   */
  readonly seed?: number
  /**
   * Whether a map is drawn up of which model is taken for other fleets and other deadlines. Default
   * false.
   */
  readonly map?: boolean
  /** Ends the comparison when it aborts. Default: none. */
  readonly signal?: AbortSignal
  /** Called with each step of what takes its time. Default: none. */
  readonly onProgress?: (progress: Progress) => void
}

/** Where a comparison stands. */
export interface Progress {
  readonly model: string
  readonly step: string
}

/**
 * Compares ways to bring a document to a fleet, for one's own workload, and says which to take.
 * Throws `invalid-option`.
 *
 * ```ts
 * const { recommendation, rows } = await compare({ clients: 3_000, documentBytes: 20_480, changesPerDay: 40 })
 * ```
 */
export async function compare(input: WorkloadInput, options: CompareOptions = {}): Promise<Comparison> {
  checkOptions('compare()', options, {
    models: true,
    depth: true,
    cli: true,
    quick: true,
    costs: true,
    weights: true,
    blast: true,
    mostClients: true,
    seed: true,
    map: true,
    signal: true,
    onProgress: true,
  })
  const workload = readWorkload(input)
  const costs = readCosts(options.costs)
  const {
    models = defaultModels({ workload, costs }),
    depth = 'formula',
    weights = WEIGHTS,
    blast,
    signal,
  } = options
  checkWeights(weights)
  checkNames(models)
  signal?.throwIfAborted()
  const basis = { workload, costs }
  const rows =
    depth === 'formula'
      ? models.map(model => estimate(shapedOf(model), basis))
      : depth === 'run'
        ? await runAll(models.map(shapedOf), { basis, options })
        : await simulateAll(models, { basis, options })
  const choice = choose(rows, weights)
  // Crossing points are solved by the formulas, whatever the depth, for the models that they know.
  const shaped = models.filter(isShaped)
  const unless = crossingsOf(shaped, { ...basis, weights })
  const moved = new Set(unless.map(({ input }) => input))
  const { best } = choice
  const taken = shaped.find(({ name }) => name === best?.model)
  return {
    v: 1,
    depth,
    workload,
    recommendation: {
      model: best?.model,
      ties: choice.ties.map(({ model }) => model),
      because: [
        ...becauseOf(choice, { rows, workload, weights }),
        ...(taken === undefined ? [] : [...sayDeltas(taken, basis), ...sayCompressedStreams(taken, basis)]),
      ],
      unless,
    },
    rows,
    blastRadius: predictBlast(
      { clients: workload.clients, stalenessMs: (best ?? (rows[0] as Row)).stalenessMs },
      blast,
    ),
    inputs: {
      matter: INPUTS.filter(input => moved.has(input)),
      doNotMatter: INPUTS.filter(input => !moved.has(input)),
    },
    ...(options.map === true && { map: crossoverMapOf(shaped, { ...basis, weights }) }),
    weights,
    costs,
  }
}

/** One model after the other: virtual time needs the whole processor. */
async function simulateAll(
  models: readonly Model[],
  { basis, options }: { readonly basis: Basis; readonly options: CompareOptions },
): Promise<readonly Row[]> {
  const { seed = 1, signal = new AbortController().signal, onProgress } = options
  const mostClients = readMostClients(options, 2_000)
  const rows: Row[] = []
  for (const model of models.map(runnableOf)) {
    const onStep = (step: string): void => onProgress?.({ model: model.name, step })
    rows.push(await simulateModel(model, { ...basis, mostClients, seed, signal, onStep }))
  }
  return rows
}

/** One model after the other, each with processes of its own. */
async function runAll(
  models: readonly ShapedModel[],
  { basis, options }: { readonly basis: Basis; readonly options: CompareOptions },
): Promise<readonly Row[]> {
  const { cli, quick = false, signal = new AbortController().signal, onProgress } = options
  if (cli === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'compare(): a run needs the file of the command line: pass { cli: "node_modules/noticeboard/dist/cli/main.js" }',
    )
  const mostClients = readMostClients(options, 500)
  const windows = quick ? QUICK_WINDOWS : FULL_WINDOWS
  const rows: Row[] = []
  for (const model of models) {
    const onStep = (step: string): void => onProgress?.({ model: model.name, step })
    rows.push(await runModel(model, { ...basis, cli, mostClients, signal, onStep, windows }))
  }
  return rows
}

function readMostClients({ mostClients }: CompareOptions, otherwise: number): number {
  if (mostClients === undefined) return otherwise
  if (Number.isInteger(mostClients) && mostClients >= 1 && mostClients <= 10_000) return mostClients
  throw new NoticeboardError(
    'invalid-option',
    'compare(): mostClients must be a whole number from 1 to 10,000',
  )
}

function runnableOf(model: Model): RunnableModel {
  const { strategy } = model
  if (strategy !== undefined) return { ...model, strategy }
  throw new NoticeboardError(
    'invalid-option',
    `compare(): ${model.name} has no strategy that clients could run; a simulation needs one`,
  )
}

function isShaped(model: Model): model is ShapedModel {
  return model.shape !== undefined
}

function shapedOf(model: Model): ShapedModel {
  if (isShaped(model)) return model
  throw new NoticeboardError(
    'invalid-option',
    `compare(): ${model.name} has no shape that a formula can use; pass depth 'simulation' for a strategy of your own`,
  )
}

function readCosts(costs: CompareOptions['costs'] = 'recorded'): Costs {
  if (costs === 'recorded') return recordedCosts
  if (isCosts(costs)) return costs
  throw new NoticeboardError(
    'invalid-option',
    'compare(): costs must be "recorded", or what measureCosts() returned',
  )
}

function checkWeights({ cpu, bytes }: Weights): void {
  if (cpu >= 0 && bytes >= 0 && Math.abs(cpu + bytes - 1) < 1e-9) return
  throw new NoticeboardError('invalid-option', 'compare(): the weights of cpu and bytes must add up to 1')
}

function checkNames(models: readonly Model[]): void {
  const names = models.map(({ name }) => name)
  if (names.length === 0)
    throw new NoticeboardError('invalid-option', 'compare(): models must hold at least one')
  if (new Set(names).size < names.length)
    throw new NoticeboardError(
      'invalid-option',
      'compare(): two models have the same name; rename one of them',
    )
}
