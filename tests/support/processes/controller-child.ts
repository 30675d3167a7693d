// A controller over a folder that hears the fleet through a server, until it is killed. Commands
// come as JSON lines on stdin: {"folder","url","token","lookMs"} starts it; {"killAtWrite"} counts
// its writes from then on, and kills it before that one; {"tell":true} says how many there were;
// {"stop":true} ends it.
import { createInterface } from 'node:readline'
import { createController } from '../../../src/controller/index.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { interceptedDisk, type Operation } from '../disks.js'

type Command =
  | { readonly folder: string; readonly url: string; readonly token: string; readonly lookMs: number }
  | { readonly killAtWrite: number }
  | { readonly tell: true }
  | { readonly stop: true }

const WRITES: ReadonlySet<Operation> = new Set([
  'create',
  'link',
  'rename',
  'remove',
  'syncFolder',
  'touch',
  'makeFolder',
])

const say = (line: string): void => void process.stdout.write(`${line}\n`)
let writes = 0
let armedAt = Number.POSITIVE_INFINITY
let stop: () => Promise<void> = async () => {}

createInterface({ input: process.stdin }).on('line', line => void obey(JSON.parse(line) as Command))
say('ready')

async function obey(command: Command): Promise<void> {
  if ('stop' in command) {
    await stop()
    say(`writes ${writes}`)
    process.exit(0)
  }
  if ('tell' in command) return say(`writes ${writes}`)
  if ('killAtWrite' in command) {
    writes = 0
    armedAt = command.killAtWrite
    return
  }
  const { folder, url, token, lookMs } = command
  const disk = interceptedDisk(operation => {
    if (!WRITES.has(operation)) return
    writes += 1
    if (writes === armedAt) process.kill(process.pid, 'SIGKILL')
  })
  const store = fileStore(folder, { fs: disk })
  const hearing = httpStore(url, { token })
  const controller = createController({
    lookMs,
    name: `controller ${process.pid}`,
    store: {
      ...store,
      reports: (query, signal) => hearing.reports(query, signal),
      report: (states: Parameters<typeof hearing.report>[0], signal: AbortSignal) =>
        hearing.report(states, signal),
    } as typeof store,
  })
  stop = async () => {
    await controller.close()
    await store.close()
  }
  say('started')
}
