import { basename, join } from 'node:path'
import type { Namespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import { digestOf } from '../../core/release/digest.js'
import { encodeText } from '../../core/json/text.js'
import type { Board } from './board.js'
import { NOTED_MS } from '../../core/limits.js'

/** How often this process looks for notes that are over, in milliseconds. */
const TIDY_MS = 60_000

/** Which namespaces somebody writes to, so that one listing tells it of a whole board. */
export interface BoardNotes {
  /**
   * Before a release is given its name: notes that its namespace is written to. `file` is any file
   * of the board's disk.
   */
  note(namespace: Namespace, file: string): Promise<void>
  /** The names of the notes that stand; empty where nobody keeps any. */
  standing(): Promise<readonly string[]>
  /**
   * When a note came or went for the last time, by the disk's clock; undefined where nobody keeps
   * any.
   */
  changedMs(): Promise<number | undefined>
}

/**
 * The beginning of the names of a namespace's notes: no text of any length is part of a file's
 * name.
 */
export function notePrefix(namespace: Namespace, hasher: Hasher): string {
  return digestOf(hasher, encodeText(namespace)).slice(0, 32)
}

const NOTE = /^([0-9a-f]{32})\.([1-9][0-9]{0,15})\./

/** The prefix of a note, by its name; undefined for files that are none. */
export function prefixOf(name: string): string | undefined {
  return NOTE.exec(name)?.[1]
}

/**
 * When a note was made, in milliseconds since 1970, by its name; not a number for files that are
 * none.
 */
export function notedAtMs(name: string): number {
  return Number(NOTE.exec(name)?.[2])
}

/**
 * Notes of a board. A note is a second name of the file that becomes the release, so that it costs
 * no room and no flush: it need not survive a loss of power, which ends whoever would ask for it.
 * It stands for an hour, and whoever writes then takes away what is over.
 */
export function boardNotes({ hiddenFs: fs, hiddenFiles: files, clock, hasher, paths }: Board): BoardNotes {
  let tidyAtMs = Number.NEGATIVE_INFINITY

  const tidy = async (): Promise<void> => {
    if (clock.monotonic() < tidyAtMs) return
    tidyAtMs = clock.monotonic() + TIDY_MS
    for (const name of await fs.list(paths.notes)) {
      if (clock.now() - notedAtMs(name) > NOTED_MS) await files.discard(join(paths.notes, name))
    }
  }

  return {
    async note(namespace, file) {
      const name = `${notePrefix(namespace, hasher)}.${Math.round(clock.now())}.${basename(file)}`
      // Taken: of the same file, by an attempt before this one.
      await fs.link(file, join(paths.notes, name))
      await tidy()
    },
    standing: async () => fs.list(paths.notes),
    changedMs: async () => (await fs.stat(paths.notes))?.changedMs,
  }
}
