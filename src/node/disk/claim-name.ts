import type { Fs } from '../../contracts/system.js'

/**
 * Gives a new file its name unless that is taken, as by another process at the same time; `aside`
 * is where it is written before. It is there whole or not at all.
 *
 * ```ts
 * const outcome = await claimName(fs, path, { bytes, aside: `${path}.${toHex(random.bytes(6))}.new` })
 * ```
 */
export async function claimName(
  fs: Fs,
  path: string,
  { bytes, aside }: { readonly bytes: Uint8Array; readonly aside: string },
): Promise<'linked' | 'taken'> {
  try {
    await fs.create(aside, bytes)
    return await fs.link(aside, path)
  } finally {
    await fs.remove(aside)
  }
}
