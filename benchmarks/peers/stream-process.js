// What a client listens to, by the protocol of its own server: noticeboard itself, and the least
// that the others' clients take.
import { createServer } from 'node:http'
import { createPublisher, everyone, memory } from 'noticeboard'
import { serve } from 'noticeboard/server'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const { mode, flags } = settings
let version = 1

/** @param {number} index */
const isOn = index => index === 0 && version % 2 === 0

/** The flags as an application's own document. */
const document = () =>
  Object.fromEntries(Array.from({ length: flags }, (_, index) => [`flag-${index}`, isOn(index)]))

/** @typedef {{ url: string, change: () => unknown }} Stream */

/** @type {Readonly<Record<string, () => Promise<Stream>>>} */
const streams = {
  async push() {
    const store = memory()
    const namespace = 'benchmark/clients'
    const publisher = createPublisher({ namespace, schema: z.record(z.string(), z.boolean()), store })
    const publish = () => publisher.publish(document(), { rollout: everyone(), reason: 'benchmark' })
    await publish()
    const server = await serve(store)
    return { url: server.url, change: publish }
  },
  bare: () =>
    eventStream(
      () => event('put', document()),
      () => event('put', document()),
    ),
  launchdarkly: () =>
    eventStream(
      () => event('put', { path: '/', data: { flags: byKey(launchDarklyFlag), segments: {} } }),
      () => event('patch', { path: '/flags/flag-0', data: launchDarklyFlag(0) }),
    ),
  unleash: () =>
    eventStream(
      () =>
        event('unleash-connected', {
          events: [
            {
              type: 'hydration',
              eventId: version,
              features: Object.values(byKey(unleashFeature)),
              segments: [],
            },
          ],
        }),
      () =>
        event('unleash-updated', {
          events: [{ type: 'feature-updated', eventId: version, feature: unleashFeature(0) }],
        }),
    ),
}

/** @param {(index: number) => object} flagAt */
const byKey = flagAt =>
  Object.fromEntries(Array.from({ length: flags }, (_, index) => [`flag-${index}`, flagAt(index)]))

/** @param {number} index */
const launchDarklyFlag = index => ({
  key: `flag-${index}`,
  version,
  on: isOn(index),
  variations: [true, false],
  fallthrough: { variation: 0 },
  offVariation: 1,
  prerequisites: [],
  targets: [],
  rules: [],
  salt: 'salt',
})

/** @param {number} index */
const unleashFeature = index => ({
  name: `flag-${index}`,
  type: 'release',
  enabled: isOn(index),
  project: 'default',
  stale: false,
  strategies: [{ name: 'default', constraints: [], parameters: {} }],
  variants: [],
  impressionData: false,
})

/** @param {string} name @param {unknown} data */
const event = (name, data) => `id: ${version}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`

/** @param {() => string} first @param {() => string} next @returns {Promise<Stream>} */
async function eventStream(first, next) {
  /** @type {Set<import('node:http').ServerResponse>} */
  const open = new Set()
  const server = createServer((request, response) => {
    // What clients send about themselves is taken and forgotten.
    if (request.method !== 'GET') return void response.writeHead(202).end()
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(first())
    open.add(response)
    response.once('close', () => open.delete(response))
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    url: `http://127.0.0.1:${port}`,
    change() {
      const bytes = Buffer.from(next())
      for (const response of open) response.write(bytes)
    },
  }
}

const stream = await streams[mode]?.()
answerQuestions({
  url: () => stream?.url,
  async change() {
    version += 1
    await stream?.change()
  },
})
