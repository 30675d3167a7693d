import cluster from 'node:cluster'
import { defaultPeriods } from '../../core/defaults.js'
import { BOARD_OPTIONS, CREATE_OPTION, type Command } from '../command.js'
import { serveAlone } from '../serving/alone.js'
import { DEFAULT_PORT, readPlan } from '../serving/plan.js'
import { serveAsWorker } from '../serving/worker.js'
import { serveByWorkers } from '../serving/workers.js'
import { WEBHOOK_OPTIONS } from '../webhooks.js'

export const serveCommand: Command = {
  name: 'serve',
  summary: 'serve a board folder over HTTP',
  usage: '',
  text: `Serves a board until it is interrupted, to this machine alone unless --host says otherwise. The first time say --create, which makes the
folder; later a folder without a board is refused, since it is a mistyped name or a volume that is not mounted. Writing needs the token,
which is made at the first start and kept in the board's private/token with mode 0600, or one of noticeboard token create.`,
  options: {
    board: { value: 'FOLDER', text: 'where the board is; or "board" in the configuration file' },
    create: CREATE_OPTION,
    port: { value: 'N', text: `${DEFAULT_PORT} unless given; 0 takes a free one` },
    host: { value: 'ADDRESS', text: 'the address to listen on; 127.0.0.1 unless given, 0.0.0.0 for all' },
    'allow-host': {
      value: 'NAME',
      multiple: true,
      text: 'a name under which it may be addressed; several are allowed',
    },
    'trusted-proxy': {
      value: 'ADDRESS',
      multiple: true,
      text: 'a proxy or network in front of it, such as 10.0.0.0/8: believe its X-Forwarded-For',
    },
    origin: {
      value: 'ORIGIN',
      multiple: true,
      text: 'an origin of web pages that may use it, such as https://admin.example.com',
    },
    'token-file': { value: 'FILE', text: 'keep the token for writing there' },
    tokens: {
      value: 'FOLDER',
      text: "where tokens of noticeboard token create are; the board's private/tokens unless given",
    },
    'require-token': {
      value: 'SCOPE',
      multiple: true,
      text: 'what needs a token beside writing: read, report; both are allowed',
    },
    'read-only': { text: 'let nobody write' },
    'metrics-port': {
      value: 'N',
      text: 'serve metrics for Prometheus at 127.0.0.1:N/metrics; needs the package prom-client',
    },
    'heartbeat-ms': {
      value: 'N',
      text: `how often event streams show that they live; ${defaultPeriods.heartbeatMs} unless given: many a proxy cuts after 10 s of silence`,
    },
    workers: {
      value: 'N',
      text: 'serve by so many processes, each for as many connections as one process may have',
    },
    'no-controller': { text: 'leave rollouts to a controller elsewhere' },
    ...WEBHOOK_OPTIONS,
    config: BOARD_OPTIONS['config'] ?? { value: 'FILE', text: 'the configuration file' },
  },
  examples: [
    'noticeboard serve --create --board ./board',
    'noticeboard serve --board /var/lib/board --host 0.0.0.0 --allow-host config.internal',
    'noticeboard serve --board /var/lib/board --workers 3',
  ],
  lasts: true,
  positionals: [0, 0],
  async run(context) {
    const plan = await readPlan(context)
    if (plan.workers === undefined) return serveAlone(context, plan)
    return cluster.isWorker ? serveAsWorker(context, plan) : serveByWorkers(context, plan, plan.workers)
  },
}
