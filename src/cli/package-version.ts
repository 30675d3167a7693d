import { readFile } from 'node:fs/promises'

/**
 * The version in the package's own manifest, in a folder above this file: it lies elsewhere in
 * `src` than in `dist`.
 */
export async function packageVersion(): Promise<string> {
  for (const above of ['../', '../../', '../../../']) {
    try {
      const manifest = JSON.parse(
        await readFile(new URL(`${above}package.json`, import.meta.url), 'utf8'),
      ) as { name?: string; version?: string }
      if (manifest.name === 'noticeboard' && manifest.version !== undefined) return manifest.version
    } catch {
      // No manifest in this folder; the next one up may have it.
    }
  }
  return 'unknown'
}
