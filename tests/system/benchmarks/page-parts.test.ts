import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

/** What the script prints: a number of bytes by part. */
async function partsOf(...args: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['benchmarks/client/page-parts.js', ...args],
    {
      cwd: root,
    },
  )
  const lines = stdout.trimEnd().split('\n').slice(2)
  return new Map(
    lines.map(line => {
      const [part = '', ...bytes] = line.split(/ {2,}/)
      return [part, Number(bytes.at(-1)?.replaceAll(',', ''))]
    }),
  )
}

test('what takes the bytes of a page is told to the byte, by folder and by package, and is own code', async () => {
  const parts = await partsOf()
  const all = parts.get('all') ?? 0
  const each = [...parts].filter(([part]) => !part.startsWith('all'))
  expect(each.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(all)
  expect(parts.get('all, gzip')).toBeLessThan(all / 2)
  expect(parts.get('src/client/apply')).toBeGreaterThan(10_000)
  const packages = each.filter(([part]) => !part.startsWith('src/') && part !== 'what joins them')
  expect(packages.map(([part]) => part).sort()).toEqual(['@noble/hashes', 'eventemitter3'])
  expect(packages.reduce((sum, [, bytes]) => sum + bytes, 0)).toBeLessThan(all / 10)
})

test('beside another checkout it is the same where nothing changed', async () => {
  expect(await partsOf(root)).toEqual(await partsOf())
})
