import { FAULTS, SCENE_NAMES, type Less } from './plan.js'

/**
 * Reads what shrinking took away, as its command says it:
 * `faults=a,b clients=client-1 actions=3,4 scenes=d`. Throws for anything else.
 */
export function lessOf(words: readonly string[]): Less {
  let less: Less = {}
  for (const word of words) {
    const [name = '', list = ''] = word.split('=')
    const parts = list.split(',').filter(part => part !== '')
    const unknown = name === 'faults' && parts.find(part => !FAULTS.some(fault => fault === part))
    if (unknown) throw new Error(`${unknown} is no fault`)
    if (name === 'faults') less = { ...less, faults: FAULTS.filter(fault => parts.includes(fault)) }
    else if (name === 'scenes') less = { ...less, scenes: SCENE_NAMES.filter(scene => parts.includes(scene)) }
    else if (name === 'clients') less = { ...less, clients: parts }
    else if (name === 'actions') less = { ...less, actions: parts.map(Number) }
    else throw new Error(`${word} is none of faults=a,b clients=c actions=3,4 scenes=d`)
  }
  return less
}
