import { posix } from 'node:path'

/** Which sources import which, from their texts: by source, those that import it. */
export function importersIn(texts: ReadonlyMap<string, string>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const [file, text] of texts) {
    for (const [, path = ''] of text.matchAll(/\bfrom '(\.[^']*)\.js'/g)) {
      const imported = `${posix.join(posix.dirname(file), path)}.ts`
      found.set(imported, [...(found.get(imported) ?? []), file])
    }
  }
  return found
}
