import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { FuzzMessage, FuzzOrder } from '../fuzz/fuzz.worker.js'
import type { FuzzResult } from '../fuzz/run-fuzz.js'
import { bundleTests } from '../sim/prove-bundle.js'
import type { Part } from './part.js'

/** Damaged inputs for every parser, in a process for each processor. */
export const parsers: Part = {
  name: 'parsers',
  what: 'parser inputs',
  settings: ['inputs', 'inputFrom', 'target', 'seed'],
  async run({ settings, workers, progress, show }) {
    const { inputs, inputFrom, target, seed } = settings
    const file = await bundleTests('tests/proof/fuzz/fuzz.worker.ts')
    const done = Array.from({ length: Math.min(workers, Math.max(1, inputs)) }, () => 0)
    const runs = done.map((_, index) =>
      runSlice(
        file,
        {
          inputs,
          seed,
          from: inputFrom,
          slice: { index, of: done.length },
          ...(target !== undefined && { only: [target] }),
        },
        own => {
          done[index] = own
          progress(
            done.reduce((sum, some) => sum + some, 0),
            inputs,
          )
        },
      ),
    )
    const results = await Promise.all(runs)
    const tried: Record<string, number> = {}
    for (const result of results)
      for (const [name, own] of Object.entries(result.tried)) tried[name] = (tried[name] ?? 0) + own
    const violations = results
      .flatMap(({ failures }) => failures)
      .map(({ target: name, reason, input, repeat }) => ({
        text: `${name}, input ${repeat.from}: ${reason}: ${input.slice(0, 300)}`,
        replay: `npm run prove -- --json none --only parsers --seed ${seed} --target '${name}' --input-from ${repeat.from} --inputs 1`,
      }))
    violations.forEach(show)
    const slowestMs = Math.round(Math.max(...results.map(result => result.slowestMs)))
    return {
      tried: results.reduce((sum, result) => sum + result.inputs, 0),
      violations,
      figures: { byTarget: tried, slowestMs },
    }
  },
}

/** A share of the inputs, in a process of its own. */
async function runSlice(file: string, order: FuzzOrder, onDone: (done: number) => void): Promise<FuzzResult> {
  const child = fork(file, [JSON.stringify(order)], { execArgv: [] })
  let result: FuzzResult | undefined
  child.on('message', (message: FuzzMessage) => {
    if (message.type === 'done') onDone(message.done)
    else result = message.result
  })
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  if (result === undefined) throw new Error(`a process of the parsers ended with ${code ?? signal}`)
  onDone(result.inputs)
  return result
}
