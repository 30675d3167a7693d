#!/usr/bin/env node
import type { Io } from './io.js'
import { run } from './run.js'

const interrupted = new AbortController()

// The first signal ends in order, a second one at once. A closed terminal is one too (SIGHUP).
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    if (interrupted.signal.aborted) process.exit(130)
    interrupted.abort(new Error(name))
  })
}

// Whoever reads our output may stop at any time (`noticeboard history | head -1`): that is no failure of ours.
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

void run(process.argv.slice(2), io).then(status => {
  // Not `process.exit`, which would cut what a pipe has not taken yet.
  process.exitCode = status
})
