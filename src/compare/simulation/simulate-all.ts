import { availableParallelism, freemem } from 'node:os'
import { createLinkedAbortController, onAbort } from '../../async/signals.js'
import { isKnown, type KnownModel, type RunnableModel } from '../models.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import { startPart } from '../run/part-process.js'
import { longestFirst } from './longest-first.js'
import { simulateModel, type SimulateModelOptions } from './simulate-model.js'

/** What all models are simulated with. */
export interface SimulateAllOptions extends Basis {
  readonly mostClients: number
  readonly seed: number
  /** The file of the command line, from which processes are started; none of them without it. */
  readonly cli: string | undefined
  readonly signal: AbortSignal
  readonly onStep: (model: string, step: string) => void
}

/** What one client takes of a process that simulates, in bytes: 1.5 GB for 2,000. */
const CLIENT_BYTES = 750_000

/**
 * Simulates each model, and gives their rows in order: the same whether they are simulated one
 * after another or at the same time. Virtual time wants a whole processor, so those that this
 * library made are simulated in processes of their own, as many at a time as there are processors
 * and memory, the longest first; the others one after another in this one. Ends them all when one
 * fails, or when it is called off.
 *
 * ```ts
 * const rows = await simulateAll(models, { workload, costs, mostClients: 500, seed: 1, cli, signal, onStep })
 * ```
 */
export async function simulateAll(
  models: readonly RunnableModel[],
  { cli, signal, onStep, ...options }: SimulateAllOptions,
): Promise<readonly Row[]> {
  const end = createLinkedAbortController(signal)
  const atOnce = cli === undefined ? 1 : placesFor(models.length, options)
  const rows: Row[] = []
  const entries = [...models.entries()]
  const left = atOnce === 1 ? entries : [...longestFirst(entries)]
  const isElsewhere = (model: RunnableModel): model is KnownModel => atOnce > 1 && isKnown(model)
  /** What is simulated in this process is all done in one place. */
  const take = (place: number): (typeof left)[number] | undefined => {
    const found = left.findIndex(([, model]) => isElsewhere(model) === place > 0)
    return found === -1 && place > 0 ? undefined : left.splice(Math.max(0, found), 1)[0]
  }
  const work = async (place: number): Promise<void> => {
    for (let next = take(place); next !== undefined; next = take(place)) {
      const [index, model] = next
      end.signal.throwIfAborted()
      const given = { ...options, onStep: (step: string) => onStep(model.name, step), signal: end.signal }
      rows[index] =
        cli !== undefined && isElsewhere(model)
          ? await elsewhere(model, { ...given, cli })
          : await simulateModel(model, given)
    }
  }
  const places = Array.from({ length: atOnce }, (_, place) =>
    work(place).catch((error: unknown) => {
      end.abort(error)
      throw error
    }),
  )
  try {
    await Promise.all(places)
  } finally {
    await Promise.allSettled(places)
    end.finish()
  }
  return rows
}

/** How many are simulated at the same time. */
function placesFor(
  models: number,
  { mostClients, workload }: Pick<SimulateAllOptions, 'mostClients' | 'workload'>,
): number {
  const inMemory = Math.floor(freemem() / (Math.min(mostClients, workload.clients) * CLIENT_BYTES))
  return Math.max(1, Math.min(models, availableParallelism(), inMemory))
}

/** Simulates a model in a process of its own. */
async function elsewhere(
  { name, shape }: KnownModel,
  { cli, signal, onStep, ...options }: SimulateModelOptions & { readonly cli: string },
): Promise<Row> {
  const part = startPart(cli)
  const ignore = onAbort(signal, () => void part.kill())
  try {
    return await part.ask('simulate', { name, shape, ...options }, onStep)
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    ignore()
    await part.kill()
  }
}
