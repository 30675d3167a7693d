// Reads values in loops that cannot be folded away: each read goes to another one of eight objects,
// chosen by a counter, so nothing can be lifted out of the loop; the values differ and are summed
// up, the sum is handed out; and every object that is read from was changed while it was being
// read, so no field counts as a constant.
import { createClient, createPublisher, everyone, memory, pull } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions } from '../child.js'

/** @typedef {{ title: string, loop: (times: number) => number }} Kind */

/** A power of two, so that a counter is brought into range by one bitwise and. */
const count = 8
const last = count - 1

const schema = z.object({ pool: z.object({ size: z.number(), idleTimeoutMs: z.number() }), name: z.string() })
const valueOf = (/** @type {number} */ size) => ({ pool: { size, idleTimeoutMs: 1_000 }, name: 'checkout' })

const boards = await Promise.all(
  Array.from({ length: count }, async (_, index) => {
    const store = memory()
    const namespace = 'benchmark/read'
    const publisher = createPublisher({ namespace, schema, store })
    const publish = (/** @type {number} */ size) =>
      publisher.publish(valueOf(size), { rollout: everyone(), reason: 'benchmark' })
    await publish(index + 1)
    const strategy = pull(store, { pollIntervalMs: 3_600_000 })
    const config = await createClient({ namespace, schema, strategy, clientId: `reader-${index}` }).ready()
    return { config, publish }
  }),
)
const configs = boards.map(({ config }) => config)
const selections = configs.map(config => config.select(({ pool }) => pool))
const sizes = Array.from({ length: count }, (_, index) => index + 1)
const objects = sizes.map(valueOf)
const holders = sizes.map(size => ({ current: valueOf(size) }))
process.env['POOL_SIZE'] = '1'

/** @type {Kind[]} */
const kinds = [
  {
    title: 'the loop, over numbers',
    loop(times) {
      let sum = 0
      for (let index = 0; index < times; index += 1) sum += /** @type {number} */ (sizes[index & last])
      return sum
    },
  },
  {
    title: 'object.pool.size, a plain property',
    loop(times) {
      let sum = 0
      for (let index = 0; index < times; index += 1) sum += objects[index & last].pool.size
      return sum
    },
  },
  {
    title: 'holder.current.pool.size, a live reference',
    loop(times) {
      let sum = 0
      for (let index = 0; index < times; index += 1) sum += holders[index & last].current.pool.size
      return sum
    },
  },
  {
    title: 'config.current.pool.size',
    loop(times) {
      let sum = 0
      for (let index = 0; index < times; index += 1) sum += configs[index & last].current.pool.size
      return sum
    },
  },
  {
    title: 'config.select(c => c.pool).current.size',
    loop(times) {
      let sum = 0
      for (let index = 0; index < times; index += 1) sum += selections[index & last].current.size
      return sum
    },
  },
  {
    title: 'Number(process.env.POOL_SIZE)',
    loop(times) {
      let sum = 0
      for (let index = 0; index < times; index += 1) sum += Number(process.env['POOL_SIZE'])
      return sum
    },
  },
]

/** Every source gets another value. @param {number} step */
async function changeAll(step) {
  for (const [index, { config, publish }] of boards.entries()) {
    const size = index + 1 + step
    await publish(size)
    await config.refresh()
    sizes[index] = size
    objects[index].pool.size = size
    holders[index].current = valueOf(size)
  }
}

/** Everything that was ever read, so that reading has a use. */
let total = 0

/** @param {Kind} kind @param {number} times @returns nanoseconds for one read */
function sample({ loop }, times) {
  // Processor time, so that waiting for a busy processor is not taken for reading.
  const started = process.cpuUsage()
  total += loop(times)
  const { user, system } = process.cpuUsage(started)
  return ((user + system) * 1_000) / times
}

/** How often each kind is read in a round. @type {readonly number[]} */
let times = []

answerQuestions({
  /** @returns {Promise<string[]>} the titles of the kinds, in their order */
  async warm({ sampleMs }) {
    // Warm, changed, and warm again: what the compiler took for constant is not any more.
    for (let step = 1; step <= 4; step += 1) {
      for (const kind of kinds) for (let run = 0; run < 20; run += 1) sample(kind, 20_000)
      await changeAll(step)
    }
    times = kinds.map(kind => {
      const nanoseconds = Math.max(0.5, Math.min(sample(kind, 1_000_000), sample(kind, 1_000_000)))
      return Math.ceil((sampleMs * 1e6) / nanoseconds / count) * count
    })
    return kinds.map(({ title }) => title)
  },
  /** @returns {Promise<number[]>} nanoseconds for one read of each kind */
  async round({ round }) {
    const nanoseconds = kinds.map((kind, index) => sample(kind, times[index] ?? count))
    // Between rounds the values change, as configuration does.
    if (round % 8 === 7) await changeAll(5 + round)
    return nanoseconds
  },
  async close() {
    for (const { config } of boards) await config.close()
    if (!Number.isFinite(total)) throw new Error('what was read were no numbers')
  },
})
