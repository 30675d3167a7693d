import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withouts } from '../../../benchmarks/siege/without.js'
import { ALL_EDITS } from './all-edits.js'
import { patternOf, root } from './bundle.js'
import { GUARD_BUGS } from './guard-bugs.js'

// `npm test` hunts no planted bug, so without this a changed line would end a hunt long after.
test.each(ALL_EDITS)('each piece of $name stands in its source once', ({ file, replace, also = [] }) => {
  for (const edit of [{ file, replace }, ...also]) {
    const source = readFileSync(`${root}/${edit.file}`, 'utf8')
    for (const [piece] of edit.replace)
      expect.soft([...source.matchAll(new RegExp(patternOf(piece), 'g'))], piece).toHaveLength(1)
  }
})

// So it is with the bounds that a siege takes out: only the long form takes out all of them.
test.each(Object.entries(withouts))(
  'each piece of the bound %s stands in its source once',
  (_, { pieces = {} }) => {
    for (const [file, [piece]] of Object.entries(pieces)) {
      const source = readFileSync(`${root}/${file}`, 'utf8')
      expect.soft([...source.matchAll(new RegExp(patternOf(piece), 'g'))], piece).toHaveLength(1)
    }
  },
)

// The hunt looks for the whole title, so a title that went on after these words would not be found.
test.each(GUARD_BUGS)('what notices $name is there', ({ noticedBy: { file, title } }) => {
  const source = readFileSync(`${root}/${file}`, 'utf8').replaceAll('\\', '')
  expect(["'", '"', '`'].map(quote => `${title}${quote}`).filter(end => source.includes(end))).not.toEqual([])
})
