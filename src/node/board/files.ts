import { dirname, join } from 'node:path'
import type { Fs, Random } from '../../contracts/system.js'
import { toHex } from '../../core/release/digest.js'
import { systemErrorCode } from '../disk/system-error.js'

/**
 * Files that become visible under their name complete or not at all. The folders that they go to
 * are made where they are missing.
 */
export interface BoardFiles {
  /**
   * Writes a temporary file, durable before it resolves, and gives its path. `kind` is the end of
   * its name.
   */
  temporary(bytes: Uint8Array, kind?: string): Promise<string>
  /** Gives a file its name, over an older one; durable before it resolves. */
  replace(
    path: string,
    bytes: Uint8Array,
    options?: { readonly changedMs?: number | undefined },
  ): Promise<void>
  /**
   * Gives a file its name unless the name is taken; durable before it resolves, also when it was
   * taken. `before` runs with the complete file before it has that name.
   */
  claim(
    path: string,
    bytes: Uint8Array,
    options?: {
      readonly changedMs?: number | undefined
      readonly before?: ((file: string) => Promise<void>) | undefined
    },
  ): Promise<'linked' | 'taken'>
  /** Moves a file to a temporary name and gives that; undefined when there is no such file. */
  moveAside(path: string): Promise<string | undefined>
  /** Removes a file of which nobody needs to hear when it stays: a later open removes it. */
  discard(path: string): Promise<void>
}

export interface BoardFilesOptions {
  readonly fs: Fs
  readonly random: Random
  /** The folder for temporary files; on the same file system as everything else. */
  readonly temporary: string
  /** Makes that folder. */
  readonly makeTemporary: () => Promise<void>
  /** Of this process: the beginning of the names of temporary files. */
  readonly tag: string
}

/** Files written by way of a folder for temporary ones. */
export function boardFiles({
  fs,
  random,
  temporary: folder,
  makeTemporary,
  tag,
}: BoardFilesOptions): BoardFiles {
  const discard = async (path: string): Promise<void> => {
    try {
      await fs.remove(path)
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error
    }
  }
  const nameFor = (kind: string): string => join(folder, `${tag}.${toHex(random.bytes(6))}.${kind}`)
  const temporary = async (bytes: Uint8Array, kind = 'file'): Promise<string> => {
    const path = nameFor(kind)
    await fs.create(path, bytes)
    return path
  }

  /**
   * Writes a temporary file and gives it to `settle`, which leaves none unless it fails. One that
   * vanished, as old ones do at an open, is written anew.
   */
  const withTemporary = async <Result>(
    path: string,
    { bytes, changedMs }: Content,
    settle: (file: string) => Promise<Result>,
  ): Promise<Result> => {
    for (let attempt = 1; ; attempt += 1) {
      let file: string | undefined
      try {
        file = await temporary(bytes)
        if (changedMs !== undefined) await fs.touch(file, changedMs)
        return await settle(file)
      } catch (error) {
        if (file !== undefined) await discard(file)
        if (systemErrorCode(error) !== 'ENOENT' || attempt === 3) throw error
        await makeTemporary()
        await fs.makeFolder(dirname(path))
      }
    }
  }

  return {
    temporary,
    discard,

    async replace(path, bytes, { changedMs } = {}) {
      await withTemporary(path, { bytes, changedMs }, file => fs.rename(file, path))
      await fs.syncFolder(dirname(path))
    },

    async moveAside(path) {
      const aside = nameFor('aside')
      try {
        await fs.rename(path, aside)
        return aside
      } catch (error) {
        if (systemErrorCode(error) === 'ENOENT') return undefined
        throw error
      }
    },

    async claim(path, bytes, { changedMs, before } = {}) {
      const outcome = await withTemporary(path, { bytes, changedMs }, async file => {
        await before?.(file)
        const linked = await fs.link(file, path)
        await discard(file)
        return linked
      })
      // Also when it was taken: whoever took it may have died before the name was durable.
      await fs.syncFolder(dirname(path))
      return outcome
    },
  }
}

interface Content {
  readonly bytes: Uint8Array
  readonly changedMs: number | undefined
}

const TEMPORARY = /^([0-9a-z-]+)\.[0-9a-f]{12}\.[a-z]+$/

/**
 * The process that a temporary file belongs to, by its name; undefined for files that are none of
 * ours.
 */
export function writerOf(name: string): string | undefined {
  return TEMPORARY.exec(name)?.[1]
}
