import { join, resolve } from 'node:path'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Fs } from '../../contracts/system.js'

/** What is asked of the disk that a volume is mounted on. */
export interface VolumeDisk extends Pick<Fs, 'read'> {
  /**
   * Where a symbolic link leads; undefined when nothing stands there, or something else than a
   * link.
   */
  readLink(path: string): Promise<string | undefined>
  /** What stands at a path. */
  kindOf(path: string): Promise<'folder' | 'file' | 'missing'>
}

/** What was mounted at one moment: a folder that never changes, until it is removed as a whole. */
export interface Generation {
  /** Its folder's name, which no other generation has. */
  readonly name: string
  /** The value of a key; undefined when there is none. */
  read(key: string, maxBytes: number): Promise<Uint8Array | undefined>
}

/** A ConfigMap or a Secret that is mounted. */
export interface Volume {
  /**
   * Reads from one generation: `work` is done again with the next one if a file was missing and the
   * volume had changed meanwhile, so that what it answers was never read from two.
   */
  read<Result>(work: (generation: Generation) => Promise<Result>): Promise<Result>
}

/** The link that the kubelet swaps, in one step for every reader. */
const LINK = '..data'

/** How many generations may pass by while one is read. A kubelet makes one a minute at most. */
const MOST_TRIES = 10

/**
 * A volume in a folder, which is the `mountPath` of the container. Files are read below what
 * `..data` leads to, never through the links beside it: the kubelet makes those one by one, and
 * `..data` at once (kubernetes/pkg/volume/util/atomic_writer.go). Throws `unsupported` where there
 * is no such link, since nothing would ever change there.
 *
 * ```ts
 * const bytes = await volume.read(generation => generation.read(releaseKey(namespace), MAX_RELEASE_BYTES))
 * ```
 */
export function volumeIn(folder: string, disk: VolumeDisk): Volume {
  const current = async (): Promise<string> => {
    const name = await disk.readLink(join(folder, LINK))
    if (name !== undefined) return name
    throw await notMounted(folder, disk)
  }

  return {
    async read(work) {
      let name = await current()
      for (let tried = 0; tried < MOST_TRIES; tried += 1) {
        const attempt = await readOnce({ folder, name, disk }, work)
        if (attempt.isWhole && attempt.type === 'done') return attempt.result
        const before = name
        name = await current()
        if (name !== before) continue
        // Nothing has changed, so that is how it stands there.
        if (attempt.type === 'failed') throw attempt.error
        return attempt.result
      }
      throw new NoticeboardError(
        'unavailable',
        `the volume in ${folder} changed ${MOST_TRIES} times while it was read; read it again`,
      )
    },
  }
}

interface Place {
  readonly folder: string
  readonly name: string
  readonly disk: VolumeDisk
}

/** `isWhole`: no file was missing, so all of it is from one generation. */
type Attempt<Result> = { readonly isWhole: boolean } & (
  | { readonly type: 'done'; readonly result: Result }
  | { readonly type: 'failed'; readonly error: unknown }
)

async function readOnce<Result>(
  { folder, name, disk }: Place,
  work: (generation: Generation) => Promise<Result>,
): Promise<Attempt<Result>> {
  let isWhole = true
  const generation: Generation = {
    name,
    async read(key, maxBytes) {
      const bytes = await disk.read(join(resolve(folder, name), key), maxBytes)
      if (bytes === undefined) isWhole = false
      return bytes
    },
  }
  try {
    const result = await work(generation)
    return { type: 'done', result, isWhole }
  } catch (error) {
    return { type: 'failed', error, isWhole: false }
  }
}

async function notMounted(folder: string, disk: VolumeDisk): Promise<NoticeboardError> {
  const kind = await disk.kindOf(folder)
  if (kind === 'missing')
    return new NoticeboardError(
      'unavailable',
      `there is no folder ${folder}: mount the ConfigMap or Secret of the board there, and name its mountPath`,
    )
  const found = kind === 'file' ? `${folder} is a file` : `${folder} has no ${LINK} link`
  return new NoticeboardError(
    'unsupported',
    `${found}, so it is no mounted ConfigMap or Secret, or was mounted with subPath, which never changes while the container runs: mount the whole volume, without subPath, and name its mountPath`,
  )
}
