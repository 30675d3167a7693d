// What a poll costs the server, beside a bare node:http that has the same answers ready.
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { figuresOfBefore, thisBuild, titleBefore } from '../before/build.js'
import { processorMs } from '../processor-time.js'
import { makeDocument } from '../document.js'
import { countRounds } from '../rounds.js'
import { summarize, summarizeRatio } from '../statistics.js'
import { formatTable, paragraph, ranged } from '../table.js'

/**
 * @import { Build } from '../before/build.js'
 * @import { Bench, Part } from '../main.js'
 * @import { Child } from '../processes.js'
 * @typedef {{ title: string, build: Build, child: Child, port: number, etag: string, isControl?: boolean }}
 * Side
 * @typedef {Side & { status: number, request: string, answerBytes: number, microseconds: number[] }}
 * Case
 */

const connections = 32

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measurePolling({ options: { quick, document, bytes }, processes, say, before }) {
  const counting = quick
    ? { warmUps: 2, most: 5, least: 3, budgetMs: 5_000 }
    : { warmUps: 3, most: 15, least: 5, budgetMs: 30_000 }
  const times = quick ? 40 : 125
  const module = (/** @type {string} */ name) => new URL(name, import.meta.url)
  const small = bytes > 900_000 ? {} : document
  const board = await processes.start(module('board-process.js'), { document: small })
  const boardPort = await board.ask('port')
  /** @type {string} */
  const path = await board.ask('path')
  const { headers, etag, body } = await look(boardPort, path)
  const bare = await processes.start(module('bare-process.js'), { headers, etag, body })
  const digested = makeDocument(20_480)
  const careless = await processes.start(module('bare-process.js'), { headers, etag, body, digested })
  const load = await processes.start(module('load-process.js'))

  const build = thisBuild(processes)
  const old = before?.build('poll')
  /** @type {Side[]} */
  const sides = [{ title: 'noticeboard', build, child: board, port: boardPort, etag }]
  await old?.attempt(async () => {
    const child = await old.start(module('board-process.js'), { document: small })
    const port = await child.ask('port')
    // Its release is its own.
    const { etag: own } = await look(port, path)
    sides.push({ title: titleBefore, build: old, child, port, etag: own })
  })
  sides.push({ title: 'node:http, answers ready', build, child: bare, port: await bare.ask('port'), etag })
  const digesting = { title: 'node:http, digests each time', build, child: careless, etag, isControl: true }
  /** @type {Case[]} */
  const cases = []
  for (const status of [304, 200]) {
    const among = status === 304 ? [...sides, { ...digesting, port: await careless.ask('port') }] : sides
    for (const side of among) {
      const condition = status === 304 ? `If-None-Match: ${side.etag}\r\n` : ''
      const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${side.port}\r\nAccept: application/json\r\n${condition}\r\n`
      await side.build.attempt(async () => {
        const answerBytes = await sizeOfAnswer(side.port, request, status)
        cases.push({ ...side, status, request, answerBytes, microseconds: [] })
      })
    }
  }

  for (const { index: round, isMeasured } of countRounds(counting)) {
    for (const one of round % 2 === 0 ? cases : cases.toReversed()) {
      // What is done badly on purpose needs no more rounds to be seen.
      if (one.isControl === true && one.microseconds.length >= counting.least) continue
      const usedMs = await one.build.attempt(() => ask(one))
      if (isMeasured && usedMs !== undefined) one.microseconds.push((usedMs * 1_000) / (connections * times))
    }
  }
  const rounds = cases[0]?.microseconds.length ?? 0
  say(`poll: ${rounds} rounds of ${(connections * times).toLocaleString('en')} requests were measured`)
  for (const child of new Set([...cases.map(({ child: own }) => own), load])) await child.end()

  const done = cases.filter(({ build: by }) => by.problem === undefined)
  const rows = done.map(({ title, status, answerBytes, microseconds }) => ({
    title,
    status,
    answerBytes,
    cpuMicroseconds: summarize(microseconds),
    ratio: summarizeRatio(
      microseconds,
      cases.find(other => other.status === status && other.child === bare)?.microseconds ?? [],
    ),
  }))
  const text = [
    paragraph(
      `4. A poll: the newest release over ${connections} kept-alive connections; taking turns, ${rounds} rounds of ${(connections * times).toLocaleString('en')} requests`,
    ),
    '',
    formatTable(
      ['', 'status', 'bytes', 'server CPU us/request', 'ratio'],
      rows.map(row => [
        row.title,
        String(row.status),
        String(row.answerBytes),
        ranged(row.cpuMicroseconds),
        ranged(row.ratio),
      ]),
    ),
    paragraph(
      'ratio: to node:http with the same status, round by round. A client that polls every 30 s opens a connection each time, which this leaves out.',
    ),
  ].join('\n')
  const figures = {
    connections,
    requestsPerRound: connections * times,
    rounds,
    rows,
    ...figuresOfBefore(old),
  }
  return { figures, text }

  /** A round of requests to one of them: its processor time. @param {Case} one */
  async function ask({ child, port, request, answerBytes }) {
    const startedMs = await processorMs(child)
    await load.ask('run', { port, request, answerBytes, connections, times })
    await sleep(30)
    return (await processorMs(child)) - startedMs
  }
}

/**
 * What noticeboard answers, so that the other server can answer the same. @param {number} port
 * @param {string} path
 * @returns {Promise<{ headers: Record<string, string>, etag: string, body: Buffer }>}
 */
function look(port, path) {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, agent: false }, response => {
      /** @type {Buffer[]} */
      const chunks = []
      response.on('data', chunk => chunks.push(chunk))
      response.on('end', () => {
        const sentByNode = new Set(['date', 'connection', 'keep-alive', 'content-length'])
        const pairs = response.rawHeaders.flatMap((name, index, all) =>
          index % 2 === 0 ? [[name, all[index + 1] ?? '']] : [],
        )
        const headers = Object.fromEntries(
          pairs.filter(([name]) => !sentByNode.has(String(name).toLowerCase())),
        )
        resolve({ headers, etag: response.headers.etag ?? '', body: Buffer.concat(chunks) })
      })
    })
    request.once('error', reject)
    request.end()
  })
}

/**
 * @param {number} port @param {string} request @param {number} status @returns {Promise<number>}
 * the whole answer, head and all
 */
function sizeOfAnswer(port, request, status) {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port })
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = status === 304 ? 0 : Number(/content-length: (\d+)/i.exec(text)?.[1])
      const whole = end + 4 + length
      if (text.length < whole) return
      if (text.startsWith(`HTTP/1.1 ${status} `)) resolve(whole)
      else reject(new Error(`the answer is not ${status}`))
      socket.destroy()
    })
    socket.once('error', reject)
    socket.write(request)
  })
}
