// A share of the inputs in a process of its own: bundled and started by
// tests/proof/prove/parsers.ts. Its order comes as JSON in the first argument.
import { runFuzz, type FuzzOptions, type FuzzResult } from './run-fuzz.js'

export type FuzzOrder = Pick<FuzzOptions, 'inputs' | 'seed' | 'from' | 'only' | 'slice'>

export type FuzzMessage =
  | { readonly type: 'done'; readonly done: number }
  | { readonly type: 'result'; readonly result: FuzzResult }

const order = JSON.parse(process.argv[2] ?? '{}') as FuzzOrder
process.on('disconnect', () => process.exit(1))
const send = (message: FuzzMessage): Promise<void> =>
  new Promise(resolve => process.send?.(message, () => resolve()))

const result = await runFuzz({ ...order, onProgress: ({ done }) => void send({ type: 'done', done }) })
await send({ type: 'result', result })
process.exit(0)
