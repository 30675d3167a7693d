#!/usr/bin/env node
import type { Io } from './io.js'
import { isRunByNpm, parentsOf, whenParentsAreGone } from './npm-parent.js'
import { run } from './run.js'
import { systemClock } from '../system/system.js'

const interrupted = new AbortController()

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

// The first signal ends in order, a second one at once. A closed terminal is one too (SIGHUP).
for (const name of SIGNALS) {
  process.on(name, () => {
    if (!interrupted.signal.aborted) return interrupted.abort(new Error(name))
    // Not `process.exit`, which waits for what a drive does not answer.
    leaveSignals()
    process.kill(process.pid, name)
  })
}

// What npm started ends with it: npm passes no signal on, and a server would stay behind with its
// port.
if (isRunByNpm(process.env))
  void whenParentsAreGone({ clock: systemClock, parents: parentsOf }, interrupted.signal).then(
    () => interrupted.abort(new Error('npm is gone')),
    () => {},
  )

// Whoever reads our output may stop at any time (`noticeboard history | head -1`): that is no
// failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.stderr.on('error', () => {})

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  signal: interrupted.signal,
}

void run(process.argv.slice(2), io).then(async status => {
  // What a pipe has not taken yet is waited for. What the command left behind is not: it was given
  // up.
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  leaveSignals()
  process.exit(status)
})

/** From here on a signal ends the process by itself, whatever the process is waiting for. */
function leaveSignals(): void {
  for (const name of SIGNALS) process.removeAllListeners(name)
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise(resolve => void stream.write('', () => resolve()))
}
