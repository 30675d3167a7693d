import { isLine } from '../../../../src/core/json/text.js'
import { stateFolder } from '../../../../src/node/state/state-folder.js'
import { systemClock } from '../../../../src/system/system.js'
import { memoryDisk } from '../memory-disk.js'
import { refusalOf, SECRET, violation } from '../oracle.js'
import { clientFiles, states } from '../seeds.js'
import { same } from '../same.js'
import { damagedJson, type Target } from '../target.js'

const drawState = damagedJson(states)
const drawClient = damagedJson(clientFiles)
const NAMESPACE = 'checkout/prod'
const FOLDER = '/state'
const INSTANCES = `${FOLDER}/${NAMESPACE}/instances`
const NAMES = ['own', 'a', 'b', 'c', 'A_-9', '-bad', 'no.json', '__proto__', 'x'.repeat(64), 'x'.repeat(65)]
const owner = { tag: '00000000-1-00000000', isGone: () => false }
const clock = { ...systemClock, now: () => Date.parse('2026-11-21T10:00:00.000Z') }

/**
 * A whole folder of damaged files. Nothing in it may stop a client: what cannot be read is a
 * warning.
 */
export const stateFolderTarget: Target = {
  name: 'state folder',
  weight: 0.5,
  draw: drawState,
  async check(bytes, chance) {
    const files = new Map<string, Uint8Array | string>([[`${INSTANCES}/first.json`, bytes]])
    for (let count = chance.below(4); count > 0; count -= 1)
      files.set(
        `${INSTANCES}/${chance.pick(NAMES)}.json`,
        chance.oneIn(6) ? chance.pick(['EISDIR', 'EACCES', 'EIO', 'ELOOP']) : drawState(chance),
      )
    if (!chance.oneIn(4)) files.set(`${FOLDER}/client.json`, chance.oneIn(10) ? 'EISDIR' : drawClient(chance))

    try {
      const folder = stateFolder(FOLDER, { fs: memoryDisk(files), system: { clock }, owner })
      const { state, warnings } = await folder.load({ namespace: NAMESPACE })
      if (warnings.some(warning => warning.includes(SECRET))) throw violation('a warning quotes a value')
      if (state.good.length > 3 || state.refused.length > 64)
        throw violation('a folded state is larger than it may be')

      if (files.get(`${FOLDER}/client.json`) !== 'EISDIR') {
        const clientId = await folder.clientId('proposed')
        if (!isLine(clientId)) throw violation("a client's name that is none")
        if ((await folder.clientId('another')) !== clientId)
          throw violation("a client's name changes from one call to the next")
      }

      // What was understood can be kept, and is found again over all that is damaged.
      files.delete(`${INSTANCES}/own.json`)
      await folder.save({ namespace: NAMESPACE, instanceId: 'own', state })
      const again = await folder.load({ namespace: NAMESPACE })
      for (const member of ['seen', 'applied', 'current'] as const)
        if (!same(again.state[member], state[member]) && warnings.length + again.warnings.length === 0)
          throw violation(`the ${member} of a state is lost by saving it`)
    } catch (error) {
      if (error instanceof Error && error.cause === undefined && error.constructor === Error) throw error
      throw violation(
        `a damaged file stops a client: ${refusalOf(error, ['unauthorized', 'unavailable', 'invalid-data', 'too-large']).message}`,
      )
    }
  },
}
