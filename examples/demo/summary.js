// The end: everything is read back from the event files, and judged.
import { join } from 'node:path'
import { readClients, readEventFile } from './event-file.js'
import { readsOf, rowsOf } from './figures.js'
import { sayMachine } from './lateness.js'
import { machineMs } from './periods.js'
import { paintFor } from './screen.js'
import { formatTable } from './table.js'

/** The table and the verdict of a run, from its folder. @param {string} folder */
export function judge(folder) {
  const notes = readEventFile(join(folder, 'stories.ndjson'))
  const clients = readClients(join(folder, 'events'))
  const stories = notes.filter(({ event }) => event === 'story')
  const rows = stories.flatMap(story => rowsOf(story, clients))
  const failures = notes.filter(({ event }) => event === 'failed').map(({ what }) => what)
  const missed = rows.reduce((sum, row) => sum + row.missed.length, 0)
  const reads = readsOf(clients)
  const machine = sayMachine(stories, { machineMs, missed })
  return {
    rows,
    failures,
    missed,
    reads,
    machine,
    good: missed === 0 && failures.length === 0 && reads.failed === 0,
  }
}

/**
 * Prints the table and what it means. Returns the exit status.
 * @param {{ folder: string, screen: ReturnType<typeof import('./screen.js').createScreen>, started: number, left: readonly unknown[] }}
 * run
 */
export function summarize({ folder, screen, started, left }) {
  const { rows, failures, missed, reads, machine, good } = judge(folder)
  const paint = paintFor(process.stdout)
  const { bold, dim, red, green } = paint
  const lines = [
    '',
    formatTable(rows, paint),
    dim('half, 90 %, all: time until so many ran (or refused) it, from the release or from their own start.'),
    dim('requests, bytes: all that the applications of a strategy asked and received meanwhile.'),
    ...machine.map(dim),
    '',
    `${bold('missed')} ${missed > 0 ? red(String(missed)) : green('0')}   ${bold('reads')} ${reads.count.toLocaleString('en')}, ${
      reads.failed > 0 ? red(`${reads.failed.toLocaleString('en')} failed`) : green('0 failed')
    }   ${bold('time')} ${(screen.elapsedMs / 1_000).toFixed(1)} s   ${bold('processes')} ${started} started, ${left.length === 0 ? '0 left' : red(`${left.length} left: ${left.join(' ')}`)}`,
    ...failures.map(what => red(`failed: ${what}`)),
    `events of every client: ${join(folder, 'events')}`,
    '',
  ]
  process.stdout.write(lines.join('\n'))
  return good && left.length === 0 ? 0 : 1
}
