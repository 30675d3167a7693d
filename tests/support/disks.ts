import { NoticeboardError } from '../../src/contracts/errors.js'
import type { Fs } from '../../src/contracts/system.js'
import { nodeFs } from '../../src/node/disk/node-fs.js'
import { systemError } from '../../src/node/disk/system-error.js'

export type Operation = keyof Fs

/** A disk that asks before each operation; what `before` throws is what the operation throws. */
export function interceptedDisk(
  before: (operation: Operation, path: string, to?: string) => void | Promise<void>,
  disk: Fs = nodeFs(),
): Fs {
  const wrap =
    <Args extends readonly [string, ...never[]], Result>(
      operation: Operation,
      method: (...args: Args) => Promise<Result>,
    ) =>
    async (...args: Args): Promise<Result> => {
      const [path, to] = args as readonly unknown[]
      await before(operation, path as string, typeof to === 'string' ? to : undefined)
      return method(...args)
    }
  return {
    read: wrap('read', disk.read),
    list: wrap('list', disk.list),
    makeFolder: wrap('makeFolder', disk.makeFolder),
    create: wrap('create', disk.create),
    link: wrap('link', disk.link),
    rename: wrap('rename', disk.rename),
    remove: wrap('remove', disk.remove),
    syncFolder: wrap('syncFolder', disk.syncFolder),
    stat: wrap('stat', disk.stat),
    touch: wrap('touch', disk.touch),
  }
}

/** What a disk says of a file that cannot be read just now. */
export function unavailable(): never {
  throw new NoticeboardError('unavailable', 'the file grew while it was read; read it again')
}

/** An error as the system throws it. */
export function failing(code: string): never {
  throw systemError(code, '/some/path')
}
