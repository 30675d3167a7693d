// A program that follows its configuration and dies of it, as the document says. Its command comes
// as a JSON line on stdin. It says `runs <version>` for each version, and `alive` several times a
// second.
import { createInterface } from 'node:readline'
import { createClient } from '../../../src/client/index.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { pull } from '../../../src/strategies/pull.js'
import { BRITTLE_NAMESPACE, brittleSchema, type BrittleCommand, type Deadly } from './brittle.js'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const hoard: unknown[] = []

function die({ by }: Deadly): void {
  switch (by) {
    case 'throw':
      setImmediate(() => {
        throw new Error('the application died')
      })
      return
    case 'reject':
      void Promise.reject(new Error('the application died'))
      return
    case 'exit':
      process.exit(1)
      return
    case 'kill':
      process.kill(process.pid, 'SIGKILL')
      return
    case 'loop':
      for (;;);
    case 'memory':
      for (;;) hoard.push(Array.from({ length: 100_000 }, () => ({})))
  }
}

/** JSON as it is parsed for the first time. */
const parse = JSON.parse
JSON.parse = (text, ...rest) => {
  const value = parse(text, ...rest) as unknown
  const deadly = deadlyIn(value)
  if (deadly?.at === 'parse') die(deadly)
  return value
}

function deadlyIn(value: unknown): Deadly | undefined {
  return typeof value === 'object' && value !== null && 'deadly' in value && 'n' in value
    ? (value.deadly as Deadly | undefined)
    : undefined
}

async function run({ board, state, soakMs, beatMs, endsAfter, ends }: BrittleCommand): Promise<void> {
  const meet = (deadly: Deadly | undefined, at: Deadly['at']): void => {
    if (deadly?.at === at) die(deadly)
  }
  const client = createClient({
    namespace: BRITTLE_NAMESPACE,
    schema: brittleSchema,
    strategy: pull(fileStore(board), { pollIntervalMs: 100 }),
    clientId: 'brittle',
    build: '1.0',
    soakMs,
    validators: [{ name: 'brittle', validate: ({ deadly }) => meet(deadly, 'validator') }],
    state: stateFolder(state, { beatMs }),
  })
  client.participate({
    name: 'brittle',
    prepare: ({ deadly }) => {
      meet(deadly, 'prepare')
      return { commit: () => meet(deadly, 'commit') }
    },
  })
  const end = (): void => {
    if (ends === 'close') void client.close().then(() => process.exit(0))
    else process.exit(0)
  }
  client.on('change', ({ current: { n, deadly }, running }) => {
    say(`runs ${running.version}`)
    if (typeof deadly?.at === 'number') setTimeout(die, deadly.at, deadly)
    if (endsAfter?.n === n) setTimeout(end, endsAfter.ms)
  })
  setInterval(() => say('alive'), 50)
  await client.ready({ timeoutMs: 5_000 })
}

createInterface({ input: process.stdin }).once(
  'line',
  line => void run(parse(line) as BrittleCommand).catch(() => process.exit(3)),
)
say('ready')
