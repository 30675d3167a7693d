// An application with many clients of one kind.
import { createHash } from 'node:crypto'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createClient, http, push } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { loadPeer } from './peers.js'

const { mode, url, clients } = settings
/** Everything that lives, so that nothing is collected. @type {unknown[]} */
const alive = []
let seen = 0
let wanted = Number.POSITIVE_INFINITY
let complete = () => {}
let before = process.cpuUsage()

/** One client has the change. */
function change() {
  seen += 1
  if (seen === wanted) complete()
}

/** @type {Readonly<Record<string, (index: number) => Promise<unknown>>>} */
const kinds = {
  async push(index) {
    const client = createClient({
      namespace: 'benchmark/clients',
      clientId: `client-${index}`,
      schema: z.record(z.string(), z.boolean()),
      strategy: push(http(url)),
    })
    await client.ready({ timeoutMs: 60_000 })
    client.on('change', change)
    return client
  },
  bare: () =>
    new Promise((resolve, reject) => {
      get(url, { agent: false }, response => {
        const held = { current: {}, digest: '' }
        let text = ''
        let isFirst = true
        response.setEncoding('utf8')
        response.on('data', chunk => {
          text += chunk
          for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
            const data = text.slice(text.indexOf('data: ') + 6, end)
            text = text.slice(end + 2)
            held.digest = createHash('sha256').update(data).digest('hex')
            held.current = JSON.parse(data)
            if (isFirst) resolve(held)
            else change()
            isFirst = false
          }
        })
      }).once('error', reject)
    }),
  async launchdarkly() {
    const { init } = loadPeer('@launchdarkly/node-server-sdk')
    const client = init('sdk-key', {
      baseUri: url,
      streamUri: url,
      eventsUri: url,
      sendEvents: false,
      diagnosticOptOut: true,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    })
    await client.waitForInitialization({ timeout: 60 })
    client.on('update', change)
    return client
  },
  unleash: index =>
    new Promise((resolve, reject) => {
      const { Unleash } = loadPeer('unleash-client')
      const client = new Unleash({
        url,
        appName: 'benchmark',
        instanceId: `client-${index}`,
        disableMetrics: true,
        disableAutoStart: false,
        skipInstanceCountWarning: true,
        experimentalMode: { type: 'streaming' },
        storageProvider: { get: async () => undefined, set: async () => {} },
      })
      client.once('synchronized', () => {
        client.on('changed', change)
        resolve(client)
      })
      client.on('error', reject)
    }),
}

const start = kinds[mode]
if (start === undefined) throw new Error(`there is no client "${mode}"`)

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/** More clients, and what each added to the heap, in kilobytes. */
async function grow() {
  const heap = await settledHeap()
  for (let index = 0; index < clients; index += 1) alive.push(await start?.(alive.length))
  return ((await settledHeap()) - heap) / clients / 1_000
}

/** The heap after what is over was collected. */
async function settledHeap() {
  for (let times = 0; times < 3; times += 1) {
    await sleep(100)
    collect()
  }
  return process.memoryUsage().heapUsed
}

// The first of a kind loads its code.
alive.push(await start(0))

/** @type {Promise<void>} */
let changed = Promise.resolve()
answerQuestions({
  grow,
  arm() {
    seen = 0
    wanted = alive.length
    changed = new Promise(resolve => {
      complete = resolve
    })
    before = process.cpuUsage()
  },
  /** What each client used, once all of them have the change, in microseconds. */
  async changed() {
    await changed
    const { user, system } = process.cpuUsage(before)
    return (user + system) / alive.length
  },
})
