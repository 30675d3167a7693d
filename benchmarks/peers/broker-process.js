// A broker of the system, started for this run alone, and one publisher that speaks its protocol.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'

/**
 * @typedef {{ command: readonly string[], publish: (frame: Buffer) => Promise<unknown> }} Broker
 */

const folder = mkdtempSync(join(tmpdir(), 'noticeboard-bench-broker-'))
const [port, second] = await Promise.all([freePort(), freePort()])
/** @type {import('node:net').Socket | undefined} */
let publisher

/** @type {Readonly<Record<string, Broker>>} */
const brokers = {
  redis: {
    command: [
      'redis-server',
      '--port',
      String(port),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--dir',
      folder,
      '--tcp-backlog',
      '4096',
      '--client-output-buffer-limit',
      'pubsub',
      '0',
      '0',
      '0',
    ],
    publish: frame => write([`*3\r\n$7\r\nPUBLISH\r\n$5\r\nbench\r\n$${frame.length}\r\n`, frame, '\r\n']),
  },
  nats: {
    command: ['nats-server', '-a', '127.0.0.1', '-p', String(port)],
    publish: frame => write([`PUB bench ${frame.length}\r\n`, frame, '\r\n']),
  },
  etcd: {
    command: [
      'etcd',
      '--data-dir',
      join(folder, 'etcd'),
      '--listen-client-urls',
      `http://127.0.0.1:${port}`,
      '--advertise-client-urls',
      `http://127.0.0.1:${port}`,
      '--listen-peer-urls',
      `http://127.0.0.1:${second}`,
      '--initial-advertise-peer-urls',
      `http://127.0.0.1:${second}`,
      '--initial-cluster',
      `default=http://127.0.0.1:${second}`,
      '--log-level',
      'error',
    ],
    publish: async frame => {
      const answer = await fetch(`http://127.0.0.1:${port}/v3/kv/put`, {
        method: 'POST',
        body: JSON.stringify({
          key: Buffer.from('bench').toString('base64'),
          value: frame.toString('base64'),
        }),
      })
      if (!answer.ok) throw new Error(`etcd answers ${answer.status}`)
    },
  },
}
const broker = brokers[settings.mode]
if (broker === undefined) throw new Error(`there is no broker ${settings.mode}`)
const [file = '', ...args] = broker.command
const server = spawn(file, args, { stdio: 'ignore' })
// Killed with this process, however that ends: the benchmark kills it.
spawn(
  'sh',
  [
    '-c',
    `while kill -0 ${process.pid} 2>/dev/null; do sleep 1; done; kill -9 ${server.pid}; rm -rf ${folder}`,
  ],
  { stdio: 'ignore', detached: true },
).unref()
process.on('exit', () => {
  server.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (let tries = 0; !(await isListening()); tries += 1) {
  if (server.exitCode !== null || tries > 300) throw new Error(`${file} does not listen`)
  await sleep(100)
}

answerQuestions({
  port: () => port,
  pid: () => server.pid,
  frame(/** @type {Uint8Array} */ bytes) {
    settings.frame = Buffer.from(bytes)
  },
  prepare() {},
  async broadcast() {
    const startedMs = nowMs()
    await broker.publish(settings.frame)
    return startedMs
  },
})

/** @param {readonly (string | Buffer)[]} parts */
async function write(parts) {
  if (publisher === undefined) {
    publisher = connect({ host: '127.0.0.1', port })
    publisher.on('data', () => {})
    if (settings.mode === 'nats') publisher.write('CONNECT {"verbose":false}\r\n')
  }
  publisher.cork()
  for (const part of parts) publisher.write(part)
  publisher.uncork()
}

/** @returns {Promise<boolean>} */
function isListening() {
  return new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise(resolve => {
    const probe = createServer().listen({ host: '127.0.0.1', port: 0 }, () => {
      const { port: free } = /** @type {import('node:net').AddressInfo} */ (probe.address())
      probe.close(() => resolve(free))
    })
  })
}
