// A server over a board of many namespaces to which nobody writes.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { answerQuestions, settings } from '../child.js'
import { makeIdleBoard } from './idle-board.js'

const { folder, names, without } =
  /** @type {{ folder: string, names: number, without: 'standing' | 'memory' | undefined }} */ (settings)
await makeIdleBoard(folder, names)

const store = fileStore(folder)
const { standing, ...oneByOne } = store
/**
 * Asks with another array each time, of which no store knows the answer.
 * @type {NonNullable<typeof standing>}
 */
const standingAnew = async (queries, signal) => (await standing?.([...queries], signal)) ?? new Set()
const forgetful = { ...store, standing: standingAnew }
const served = { standing: oneByOne, memory: forgetful }
const server = await serve(without === undefined ? store : served[without], {
  port: 0,
  maxConnections: names + 100,
})

setFlagsFromString('--expose-gc')
const collect = /** @type {() => void} */ (runInNewContext('gc'))

answerQuestions({ port: () => server.port, connections: () => server.handler.connections, collect })
