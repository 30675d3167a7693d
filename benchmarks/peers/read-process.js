// One value read in a loop: of a client, of a plain object, and as ConfigCat and GrowthBook
// evaluate a flag without rules.
import { createClient, createPublisher, everyone, memory, pull } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions } from '../child.js'
import { loadPeer } from './peers.js'

const namespace = 'benchmark/reads'
const schema = z.object({ pool: z.object({ size: z.number() }) })
const store = memory()
await createPublisher({ namespace, schema, store }).publish(
  { pool: { size: 10 } },
  { rollout: everyone(), reason: 'benchmark' },
)
const config = await createClient({ namespace, schema, strategy: pull(store) }).ready({ timeoutMs: 60_000 })
const plain = { pool: { size: 10 } }
process.env['POOL_SIZE'] = '10'

const { GrowthBook } = loadPeer('@growthbook/growthbook')
const growthbook = new GrowthBook({ features: { size: { defaultValue: 10 } } })
const configcat = loadPeer('configcat-node')
const flags = configcat.getClient('localhost-only/benchmark-of-this-run', configcat.PollingMode.ManualPoll, {
  flagOverrides: configcat.createFlagOverridesFromMap({ size: 10 }, configcat.OverrideBehaviour.LocalOnly),
})
await flags.forceRefreshAsync()
const snapshot = flags.snapshot()

/**
 * A loop of its own for each, as the compiler would have it in an application; each sums up what it
 * reads, so that no read can be left out.
 * @type {readonly { title: string, loop: (times: number) => number }[]}
 */
const kinds = [
  {
    title: 'config.current.pool.size',
    loop(times) {
      let total = 0
      for (let count = 0; count < times; count += 1) total += config.current.pool.size
      return total
    },
  },
  {
    title: 'object.pool.size, a plain property',
    loop(times) {
      let total = 0
      for (let count = 0; count < times; count += 1) total += plain.pool.size
      return total
    },
  },
  {
    title: 'Number(process.env.POOL_SIZE)',
    loop(times) {
      let total = 0
      for (let count = 0; count < times; count += 1) total += Number(process.env['POOL_SIZE'])
      return total
    },
  },
  {
    title: 'ConfigCat, snapshot().getValue()',
    loop(times) {
      let total = 0
      for (let count = 0; count < times; count += 1) total += snapshot.getValue('size', 0)
      return total
    },
  },
  {
    title: 'GrowthBook, getFeatureValue()',
    loop(times) {
      let total = 0
      for (let count = 0; count < times; count += 1) total += growthbook.getFeatureValue('size', 0)
      return total
    },
  },
]

answerQuestions({
  measure({ rounds, sampleMs }) {
    const results = kinds.map(({ title, loop }) => ({
      title,
      loop,
      times: 1_000,
      nanoseconds: /** @type {number[]} */ ([]),
    }))
    // As often as fills a sample.
    for (const kind of results) while (timeOf(kind) < sampleMs) kind.times *= 2
    for (let round = 0; round < rounds; round += 1)
      for (const kind of round % 2 === 0 ? results : results.toReversed())
        kind.nanoseconds.push((timeOf(kind) * 1e6) / kind.times)
    return results.map(({ title, nanoseconds }) => ({ title, nanoseconds }))
  },
})

/**
 * Processor time in milliseconds. @param {{ loop: (times: number) => number, times: number }} kind
 */
function timeOf({ loop, times }) {
  const before = process.cpuUsage()
  if (loop(times) < times) throw new Error('a value was read that is not there')
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}
