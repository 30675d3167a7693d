import type { Fetch, Fs } from '../contracts/system.js'
import { NoticeboardError } from '../contracts/errors.js'
import { simDisk, type SimDisk } from './disk.js'
import { seededDice } from './dice.js'
import { soundLink, type Link } from './link.js'
import { simFetch, type SimServer } from './network.js'
import { startProcess, type ProcessWorld, type SimOwner, type SimProcess, type SimSystem } from './process.js'
import type { Trace } from './trace.js'

/** A machine of a simulated fleet: a link, a disk, and the process that runs on it just now. */
export interface Machine<App = unknown> {
  readonly name: string
  /** Its way to the servers that it asks. */
  readonly link: Link
  /** Its disk, which outlives its processes. */
  readonly disk: SimDisk
  /** Its present or last process. */
  readonly process: SimProcess
  /** What `boot` returned in its present life; undefined while the machine is down. */
  readonly app: App | undefined
  /** Starts it, when it is down. */
  readonly start: () => void
  /** Kills its process between two instructions, when it is up. */
  readonly kill: () => void
}

/** What a program finds on its machine. */
export interface Boot {
  readonly process: SimProcess
  /** The `system` option of everything that runs here. */
  readonly system: SimSystem
  /** The machine's disk: the `fs` option of stores and state folders. */
  readonly fs: Fs
  /** Their `owner` option. */
  readonly owner: SimOwner
  /**
   * The `fetch` of this process over the machine's link, to another machine; the host of a URL does
   * not matter.
   */
  fetchFrom(server: Machine<WebServer>): Fetch
}

/** What answers requests: a handler of `noticeboard/server`, or anything of its shape. */
export interface WebServer {
  /** Answers a request. */
  fetch(request: Request): Promise<Response>
}

const NAME = /^[a-z][a-z0-9-]{0,63}$/

/**
 * Makes a machine, and starts it. Throws `invalid-option` for a name that file names cannot hold.
 */
export function createMachine<App>(
  name: string,
  boot: (boot: Boot) => App,
  world: ProcessWorld & { readonly trace: Trace },
): Machine<App> {
  if (!NAME.test(name))
    throw new NoticeboardError(
      'invalid-option',
      'the name of a machine must have lower-case letters, digits and hyphens, and begin with a letter',
    )
  const { clock, seed, trace } = world
  const link = soundLink()
  const disk = simDisk(clock, seededDice(seed, `${name} disk`))
  let lives = 0

  const bootOf = (process: SimProcess): Boot => ({
    process,
    system: process.system,
    owner: process.owner,
    fs: disk.mount(process),
    fetchFrom: server =>
      simFetch({
        world: clock,
        trace,
        link,
        dice: seededDice(seed, `${process.name} to ${server.name}`),
        client: process,
        host: () => serverOf(server),
        onRequest: (method, path, status) => trace.add(name, 'request', `${method} ${path} ${status}`),
      }),
  })
  const begin = (): { process: SimProcess; app: App | undefined } => {
    lives += 1
    trace.add(name, 'starts', `life ${lives}`)
    const process = startProcess(`${name}.${lives}`, world)
    return { process, app: boot(bootOf(process)) }
  }

  let life = begin()
  return {
    name,
    link,
    disk,
    get process() {
      return life.process
    },
    get app() {
      return life.app
    },
    start() {
      if (!life.process.alive) life = begin()
    },
    kill() {
      if (!life.process.alive) return
      life.process.kill()
      life = { process: life.process, app: undefined }
      trace.add(name, 'is killed')
    },
  }
}

function serverOf({ process, app }: Machine<WebServer>): SimServer | undefined {
  return app && { process, fetch: request => app.fetch(request) }
}
