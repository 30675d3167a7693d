import { NoticeboardError } from '../contracts/errors.js'
import { checkOptions } from '../core/options.js'
import { checkBlast, predictBlast, type BlastOptions } from './blast-radius.js'
import { checkModel } from './check-model.js'
import { problemOfCosts, type Costs } from './costs/costs.js'
import { recordedCosts } from './costs/recorded.js'
import { estimate, type ShapedModel } from './formula/estimate.js'
import { defaultModels } from './default-models.js'
import type { Model, RunnableModel } from './models.js'
import { presets } from './presets.js'
import type { ComparedRow, Comparison } from './result.js'
import type { Basis } from './row-of.js'
import type { Row } from './row.js'
import { FULL_WINDOWS, QUICK_WINDOWS, runModel } from './run/run-model.js'
import { simulateAll } from './simulation/simulate-all.js'
import { becauseOf } from './verdict/because.js'
import { sayBusyRun, WHAT_HOLDS } from './verdict/busy-run.js'
import { sayCompressedStreams } from './verdict/compressed-streams.js'
import { fittedModels, namedModels } from './verdict/contenders.js'
import { crossoverMapOf } from './verdict/crossover-map.js'
import { sayDeltas } from './verdict/deltas.js'
import { sayNoSweeps } from './verdict/sweeps.js'
import { choose, WEIGHTS, type Choice, type Weights } from './verdict/recommend.js'
import { isShaped, unchanged, whatChanges } from './verdict/what-changes.js'
import { INPUTS, readWorkload, type PresetPart, type Workload, type WorkloadInput } from './workload.js'

/** What is compared, and how deeply. */
export interface CompareOptions {
  /**
   * The models. Default: hybrid and push, with the usual heartbeat and with those that suit the
   * deadlines, and pull: every 30 s, as seldom as the deadlines allow, and adaptive. Push is
   * compressed where the size of the document encoded is given, but not in a run.
   */
  readonly models?: readonly Model[]
  /**
   * How deeply it looks. `formula`: arithmetic, in an instant. `simulation`: the strategies
   * themselves, with real clients and servers in virtual time; minutes, and what a model without a
   * shape needs. `run`: real processes and sockets over loopback, which takes `cli`, Linux, and
   * some five minutes of the clock for each model, six intervals more where it polls; models that
   * this machine cannot show are computed, as the depth of their row says. Default `formula`.
   */
  readonly depth?: Row['depth']
  /**
   * The file of the command line, from which processes are started:
   * `node_modules/noticeboard/dist/cli/main.js`. A simulation has several models at a time then.
   * Default: none; models are simulated one after another, and a run is refused.
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
  /**
   * Which figures of the workload are those of a preset, where it began with one: the outcome tells
   * them apart from what was given. Default: none.
   */
  readonly preset?: PresetPart
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
  const workload = checkComparison(input, options)
  const costs = readCosts(options.costs)
  const { depth = 'formula', weights = WEIGHTS, blast, signal } = options
  signal?.throwIfAborted()
  const basis = { workload, costs }
  const { models = defaultModels(basis, depth) } = options
  const found =
    depth === 'formula'
      ? models.map(model => estimate(shapedOf(model), basis))
      : depth === 'run'
        ? await runAll(models.map(shapedOf), { basis, options })
        : await simulateAll(models.map(runnableOf), {
            ...basis,
            mostClients: readMostClients(options, 2_000),
            seed: options.seed ?? 1,
            cli: options.cli,
            signal: signal ?? new AbortController().signal,
            onStep: (model, step) => options.onProgress?.({ model, step }),
          })
  const rows = found.map((row, index): ComparedRow => {
    const { shape } = models[index] as Model
    const reports = shape?.reportIntervalMs !== Number.POSITIVE_INFINITY
    const blastRadius = predictBlast({ ...row, clients: workload.clients, reports }, blast)
    return { ...row, blastRadius }
  })
  const doubt = sayBusyRun(rows)
  const choice: Choice<ComparedRow> =
    doubt === undefined ? choose(rows, weights) : { best: undefined, ties: [], fitting: [] }
  const { best } = choice
  const shaped = models.filter(isShaped)
  const taken = shaped.find(({ name }) => name === best?.model)
  const contenders = options.models === undefined ? fittedModels(depth) : namedModels(shaped)
  const { inputs, ...changes } =
    doubt === undefined
      ? whatChanges(models, { ...basis, choice, depth, weights, contenders })
      : unchanged(contenders, 'nothing, as long as no model is named')
  const hasMap = options.map === true && changes.unsolved === undefined
  return {
    v: 1,
    depth,
    workload,
    recommendation: {
      model: best?.model,
      ties: choice.ties.map(({ model }) => model),
      ...(doubt !== undefined && { doubt }),
      because: [
        ...(doubt === undefined ? becauseOf(choice, { rows, workload, weights }) : [doubt, ...WHAT_HOLDS]),
        ...(taken === undefined ? [] : sayNoSweeps(taken)),
        ...(taken === undefined || best === undefined
          ? []
          : [
              ...sayDeltas(taken, { ...basis, row: best }),
              ...sayCompressedStreams(taken, { ...basis, rows, weights, models: shaped }),
            ]
        ).map(text => (best?.depth === 'formula' ? text : `${text} (what that saves is by the formula)`)),
      ],
      ...changes,
    },
    rows,
    blastRadius: (best ?? (rows[0] as ComparedRow)).blastRadius,
    ...(inputs !== undefined && { inputs }),
    ...(hasMap && { map: crossoverMapOf(contenders, { ...basis, weights }) }),
    weights,
    costs,
  }
}

/**
 * The workload of a comparison, and a look at all of its options but the costs. Throws
 * `invalid-option`: a caller who measures costs first finds out before that whether the comparison
 * can be made.
 *
 * ```ts
 * checkComparison(input, options)
 * const costs = await measureCosts({ cli, signal })
 * await compare(input, { ...options, costs })
 * ```
 */
export function checkComparison(input: WorkloadInput, options: CompareOptions): Workload {
  checkOptions('compare()', options, {
    models: true,
    depth: true,
    cli: true,
    quick: true,
    costs: true,
    weights: true,
    preset: true,
    blast: true,
    mostClients: true,
    seed: true,
    map: true,
    signal: true,
    onProgress: true,
  })
  const workload = readWorkload(input)
  const { depth = 'formula', models, weights = WEIGHTS, preset, blast, cli, seed, onProgress } = options
  if (!DEPTHS.has(depth)) throw refusal(`depth must be one of ${[...DEPTHS].join(', ')}`)
  for (const name of ['quick', 'map'] as const)
    if (options[name] !== undefined && typeof options[name] !== 'boolean')
      throw refusal(`${name} must be true or false`)
  if (seed !== undefined && !Number.isSafeInteger(seed)) throw refusal('seed must be a whole number')
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw refusal('onProgress must be a function')
  readMostClients(options, 1)
  checkWeights(weights)
  if (preset !== undefined) checkPreset(preset)
  checkBlast('compare(): blast', blast)
  if (models !== undefined) checkModels(models)
  for (const model of models ?? []) {
    if (depth === 'simulation') runnableOf(model)
    else shapedOf(model)
  }
  if (depth === 'run' && cli === undefined)
    throw refusal(
      'a run needs the file of the command line: pass { cli: "node_modules/noticeboard/dist/cli/main.js" }',
    )
  return { ...workload, ...(preset !== undefined && { preset }) }
}

const DEPTHS: ReadonlySet<string> = new Set<Row['depth']>(['formula', 'simulation', 'run'])

/** One model after the other, each with processes of its own. */
async function runAll(
  models: readonly ShapedModel[],
  { basis, options }: { readonly basis: Basis; readonly options: CompareOptions },
): Promise<readonly Row[]> {
  const { cli = '', quick = false, signal = new AbortController().signal, onProgress } = options
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
  throw refusal('mostClients must be a whole number from 1 to 10,000')
}

function runnableOf(model: Model): RunnableModel {
  if (isRunnable(model)) return model
  throw refusal(`${model.name} has no strategy that clients could run; a simulation needs one`)
}

function isRunnable(model: Model): model is RunnableModel {
  return model.strategy !== undefined
}

function shapedOf(model: Model): ShapedModel {
  if (isShaped(model)) return model
  throw refusal(
    `${model.name} has no shape that a formula can use; pass depth 'simulation' for a strategy of your own`,
  )
}

function readCosts(costs: CompareOptions['costs'] = 'recorded'): Costs {
  if (costs === 'recorded') return recordedCosts
  const problem = problemOfCosts(costs)
  if (problem === undefined) return costs
  throw refusal(`costs must be "recorded", or what measureCosts() returned: ${problem}`)
}

function checkWeights(weights: Weights): void {
  checkOptions('compare(): weights', weights, { cpu: true, bytes: true })
  const { cpu, bytes } = weights
  const isShare = (value: unknown): boolean => typeof value === 'number' && value >= 0
  if (isShare(cpu) && isShare(bytes) && Math.abs(cpu + bytes - 1) < 1e-9) return
  throw refusal('the weights of cpu and bytes must be numbers of 0 or more that add up to 1')
}

function checkPreset(preset: PresetPart): void {
  checkOptions('compare(): preset', preset, { name: true, inputs: true })
  const { name, inputs } = preset
  if (!presets.some(known => known.name === name))
    throw refusal(`preset.name must be one of ${presets.map(known => known.name).join(', ')}`)
  if (!Array.isArray(inputs) || !inputs.every(input => INPUTS.includes(input)))
    throw refusal('preset.inputs must be a list of inputs such as "clients"')
}

function checkModels(models: readonly Model[]): void {
  if (!Array.isArray(models) || models.length === 0) throw refusal('models must hold at least one')
  for (const [index, model] of models.entries()) checkModel(`compare(): models[${index}]`, model)
  const names = models.map(({ name }) => name)
  const again = names.find((name, index) => names.indexOf(name) < index)
  if (again !== undefined)
    throw refusal(`two models have the same name, ${again}; leave one out, or give it another \`name\``)
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-option', `compare(): ${problem}`)
}
