import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PLANTED_BUGS, type PlantedBug } from './bugs.js'
import { patternOf } from './bundle.js'
import { SECOND_BUGS } from './second-bugs.js'

const root = new URL('../../../', import.meta.url)
const bugs: readonly Pick<PlantedBug, 'name' | 'file' | 'replace' | 'also'>[] = [
  ...PLANTED_BUGS,
  ...SECOND_BUGS,
]

// They are hunted in the long form of the proof alone, which a line that was changed would stop.
test.each(bugs)('each piece of $name stands in its source once', ({ file, replace, also = [] }) => {
  for (const part of [{ file, replace }, ...also]) {
    const source = readFileSync(new URL(part.file, root), 'utf8')
    for (const [piece] of part.replace)
      expect.soft([...source.matchAll(new RegExp(patternOf(piece), 'g'))], piece).toHaveLength(1)
  }
})
