import { abortable } from '../async/signals.js'
import { readSystem } from '../system/system.js'
import { createBusy } from './busy.js'
import type { Command } from './command.js'
import type { Io } from './io.js'
import type { Awaited, Printer } from './printer.js'
import { createTimeLimit } from './time-limit.js'

/** What a command works with. */
export interface Terminal {
  readonly io: Io
  readonly print: Printer
  /** Is kept up to date while the command runs. */
  readonly awaited: Awaited
}

/**
 * How long a command may take that neither lasts nor waits for what the user wants to wait for, in
 * milliseconds.
 */
const MOST_WAITING_MS = 300_000

/**
 * Runs a command within its time, and tells what it does once that takes long. Throws `timeout`,
 * also where the command just returned when time was up.
 */
export async function bounded<T>(
  { lasts }: Pick<Command, 'lasts'>,
  { io, print, awaited }: Terminal,
  work: (io: Io) => Promise<T>,
): Promise<T> {
  if (lasts === true) return work(io)
  const { clock } = readSystem('the command line', io.system)
  const limit = createTimeLimit({ clock, interrupted: io.signal, mostMs: MOST_WAITING_MS })
  const busy = createBusy({ clock, print })
  let waits = false
  const doing: NonNullable<Io['doing']> = (what, from) => {
    awaited.isInput = from === 'input'
    if (waits) return
    if (what !== undefined) return busy.doing(what)
    waits = true
    busy.end()
    limit.lift()
  }
  try {
    const done = await abortable(work({ ...io, signal: limit.signal, doing }), limit.over)
    if (limit.error !== undefined) throw limit.error
    return done
  } catch (error) {
    throw limit.error ?? error
  } finally {
    busy.end()
    limit.end()
  }
}
