import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { onAbort } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Command } from '../command.js'
import { EXIT, usageError } from '../exit.js'
import type { Io } from '../io.js'

export const demoCommand: Command = {
  name: 'demo',
  summary: 'see it work: a server, a fleet in several processes, and what goes wrong in the field',
  usage: '',
  text: `Starts a server on a folder of its own and 60 applications in several processes, a third each with pull, push and hybrid. Publishes
real documents to them, kills processes and the server, cuts connections, and prints who was missed. Takes less than a minute,
leaves nothing running, and exits with 1 when anybody was missed.`,
  options: {
    clients: { value: 'N', text: 'applications for each strategy; 20 unless given' },
    break: {
      value: 'WHAT',
      text: 'turn one mechanism off (watchdog, sweep or lkg) and see who is missed then; exits with 1',
    },
    only: { value: 'STORIES', text: 'tell some of the stories only, such as change,outage' },
    keep: { text: 'keep the board and the state folders too, not only the event files' },
  },
  examples: ['noticeboard demo', 'noticeboard demo --break watchdog'],
  lasts: true,
  positionals: [0, 0],
  async run({ io, args }) {
    const given = ['clients', 'break', 'only'].flatMap(name => {
      const value = args.text(name)
      return value === undefined ? [] : [`--${name}=${value}`]
    })
    const status = await runProgram(io, [findDemo(), ...given, ...(args.flag('keep') ? ['--keep'] : [])])
    if (status === EXIT.usage)
      throw usageError('the demo does not know one of these options; its output above names it')
    if (status !== EXIT.ok && !io.signal.aborted) {
      throw new NoticeboardError('internal', 'the demo missed clients or failed; its output says where')
    }
  },
}

/**
 * The demo in the package that this file belongs to; it lies elsewhere above `src` than above
 * `dist`.
 */
function findDemo(): string {
  for (const above of ['../', '../../', '../../../']) {
    const path = fileURLToPath(new URL(`${above}examples/demo/main.js`, import.meta.url))
    if (existsSync(path)) return path
  }
  throw new NoticeboardError(
    'not-found',
    'the demo is not part of this installation; run `npm run demo` in the sources',
  )
}

/** Runs a program on our own streams until it ends; passes an interruption on. */
function runProgram({ signal }: Io, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit' })
    const forget = onAbort(signal, () => void child.kill('SIGTERM'))
    child.once('error', reject)
    child.once('close', code => {
      forget()
      resolve(code ?? EXIT.failed)
    })
  })
}
