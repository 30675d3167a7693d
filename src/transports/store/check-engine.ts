import { NoticeboardError } from '../../contracts/errors.js'
import type { StoreEngine } from './engine.js'

const DURABILITIES: ReadonlySet<string> = new Set<StoreEngine['durability']>([
  'replicated',
  'single',
  'may-lose',
])
const ATOMIC: ReadonlySet<string> = new Set<StoreEngine['atomic']>(['batch', 'key'])

/**
 * Throws `invalid-option` for what is no engine, so that a slip in one does not look like a lost
 * connection.
 */
export function checkEngine(engine: StoreEngine): void {
  const refuse = (problem: string): never => {
    throw new NoticeboardError('invalid-option', `storeFrom(): ${problem}`)
  }
  if (typeof engine !== 'object' || engine === null) refuse('the engine must be an object')
  if (typeof engine.name !== 'string' || engine.name === '') refuse('`name` of the engine must be a string')
  for (const method of ['read', 'write', 'list'] as const)
    if (typeof engine[method] !== 'function') refuse(`\`${method}\` of the engine must be a function`)
  for (const method of ['open', 'listen', 'now'] as const)
    if (engine[method] !== undefined && typeof engine[method] !== 'function')
      refuse(`\`${method}\` of the engine must be a function, or left out`)
  if (!DURABILITIES.has(engine.durability))
    refuse("`durability` of the engine must be 'replicated', 'single' or 'may-lose'")
  if (!ATOMIC.has(engine.atomic)) refuse("`atomic` of the engine must be 'batch' or 'key'")
}
