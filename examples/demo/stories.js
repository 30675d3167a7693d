// What happens, in this order.
import { setTimeout as sleep } from 'node:timers/promises'
import { isNoticeboardError } from 'noticeboard'
import * as z from 'zod'
import {
  readApplication,
  readBadService,
  readFlags,
  readService,
  withFlagTurned,
  withPoolSize,
  withRequestTimeout,
} from '../configs/documents.mjs'
import { application, flags, service } from './documents.js'

/**
 * @typedef {object} Cast
 * @property {ReturnType<typeof import('./scene.js').createScene>} scene
 * @property {ReturnType<typeof import('./board.js').createBoard>} board
 * @property {ReturnType<typeof import('./fleet.js').createFleet>} fleet
 * @property {import('./processes.js').Child} proxy
 * @property {ReturnType<typeof import('./screen.js').createScreen>} screen
 */

/**
 * The first version of each document, before any client is there.
 * @param {ReturnType<typeof import('./board.js').createBoard>} board
 */
export async function publishFirst(board) {
  for (const [document, content] of /** @type {const} */ ([
    [service, readService()],
    [application, readApplication()],
    [flags, readFlags()],
  ])) {
    await board.publish(board.publisherOf(document), content, 'the first version')
  }
}

/** @type {Record<import('./options.js').StoryName, (cast: Cast) => Promise<void>>} */
const stories = {
  change: changes,
  idle: cast => cast.scene.idle('nothing, for two seconds', 2_000),
  bad: badDocument,
  rollback,
  down: processesDown,
  silence: silentStreams,
  relay: staleRelay,
  outage: serverKilled,
}

/** @param {Cast} cast @param {readonly import('./options.js').StoryName[]} names */
export async function tellStories(cast, names) {
  for (const name of names) await stories[name](cast)
}

/** @param {Cast} cast */
async function changes({ scene, board }) {
  for (const [title, document, changed] of /** @type {const} */ ([
    ['a change, 1 KB of YAML', service, withPoolSize(readService(), 50)],
    ['a change, 20 KB of YAML', application, withRequestTimeout(readApplication(), 12_000)],
    ['a change, 200 KB of JSON', flags, withFlagTurned(readFlags(), 'checkout.show-banner')],
  ])) {
    const { namespace } = document
    const happens = () => board.publish(board.publisherOf(document), changed, 'one key changed')
    await scene.tell({ title, bound: 'change', namespace, happens })
  }
}

/** @param {Cast} cast */
async function processesDown({ scene, board, fleet }) {
  await scene.tell({
    title: 'back after being down',
    bound: 'start',
    namespace: service.namespace,
    clients: fleet.secondHalf(service.namespace),
    since: 'started',
    async happens() {
      await fleet.killHalf()
      const release = await board.publish(
        board.publisherOf(service),
        withPoolSize(readService(), 60),
        'while some are down',
      )
      await fleet.restartHalf()
      return release
    },
  })
}

/** @param {Cast} cast */
async function silentStreams({ scene, board, fleet, proxy }) {
  await scene.tell({
    title: 'connections die silently',
    bound: 'silence',
    namespace: service.namespace,
    async happens() {
      const forgotten = proxy.heard('forgotten')
      proxy.tell({ type: 'forget' })
      await forgotten
      return board.publish(board.publisherOf(service), withPoolSize(readService(), 70), 'into dead streams')
    },
  })
  await fleet.cool()
}

/** @param {Cast} cast */
async function staleRelay({ scene, board, fleet }) {
  const { namespace } = service
  await scene.tell({
    title: 'a stale relay hides a change',
    bound: 'lag',
    namespace,
    async happens() {
      await fleet.lag(namespace, true)
      return board.publish(board.publisherOf(service), withPoolSize(readService(), 80), 'nobody is told')
    },
  })
  await fleet.lag(namespace, false)
}

/** @param {Cast} cast */
async function serverKilled({ scene, board, fleet }) {
  const { namespace } = service
  const runs = await board.publish(
    board.publisherOf(service),
    withPoolSize(readService(), 80),
    'what runs already',
  )
  await scene.settle({ namespace, ...runs })
  await scene.tell({
    title: 'restarts, the server is down',
    bound: 'disk',
    namespace,
    clients: fleet.secondHalf(namespace),
    since: 'started',
    async happens() {
      await board.kill()
      await sleep(500)
      await fleet.killHalf()
      await fleet.restartHalf()
      return runs
    },
  })
  await scene.tell({
    title: 'the server is back',
    bound: 'outage',
    namespace,
    async happens() {
      await board.start()
      return board.publish(
        board.publisherOf(service),
        withPoolSize(readService(), 90),
        'right after the restart',
      )
    },
  })
}

/** @param {Cast} cast */
async function badDocument({ scene, board, fleet, screen }) {
  const { namespace } = service
  const publisher = board.publisherOf(service)
  try {
    await board.publish(publisher, readBadService(), 'a typo')
    scene.check(false, 'the publisher refuses pool.size: 0')
  } catch (error) {
    const refused = isNoticeboardError(error, 'invalid-document') ? error.issues[0] : undefined
    scene.check(
      refused?.path === 'pool.size',
      `the publisher refuses it: ${refused?.path}: ${refused?.message}`,
    )
  }

  // Past the publisher, as somebody might who writes to the board by hand: without the schema.
  const careless = board.publisherOf({ namespace, schema: z.any() })
  let bad = ''
  await scene.tell({
    title: 'a bad document, forced',
    bound: 'change',
    namespace,
    expect: 'refused',
    async happens() {
      const release = await board.publish(careless, readBadService(), 'forced past the checks')
      bad = release.digest
      return { ...release, issuedAt: await board.issuedAt(careless) }
    },
  })
  scene.check(scene.howManyRan(bad) === 0, 'nobody ever ran it')
  const everybody = Object.values(fleet.everybody(namespace)).flat().length
  const { count, told } = await refusedBy(publisher, everybody)
  scene.check(
    count === everybody,
    `the fleet's reports say the same: ${count} of ${everybody} refused it, at ${told}`,
  )
  const back = await board.rollback(publisher, 'pool.size was 0')
  screen.say(`        rolled back: ${namespace} is at ${back.sequence} and names what everybody kept`)
}

/**
 * What the reports say; they are gathered for a moment before they are sent.
 * @param {import('noticeboard').Publisher} publisher @param {number} everybody
 */
async function refusedBy(publisher, everybody) {
  let count = 0
  let told = ''
  for (let look = 0; look < 40 && count < everybody; look += 1) {
    const known = await publisher.fleet()
    const refusing = known.type === 'known' ? known.members.filter(({ state }) => state === 'rejected') : []
    count = refusing.length
    told = [...new Set(refusing.map(({ report }) => report.path ?? 'no path'))].join(', ')
    if (count < everybody) await sleep(150)
  }
  return { count, told }
}

/** @param {Cast} cast */
async function rollback({ scene, board }) {
  const { namespace } = application
  const publisher = board.publisherOf(application)
  const mistake = await board.publish(
    publisher,
    withRequestTimeout(readApplication(), 1),
    'a mistake that no schema sees',
  )
  await scene.settle({ namespace, ...mistake })
  await scene.tell({
    title: 'a rollback',
    bound: 'change',
    namespace,
    happens: () => board.rollback(publisher, 'requests time out'),
  })
}
