import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PLANTED_BUGS, type PlantedBug } from './bugs.js'
import { patternOf, root } from './bundle.js'
import { FORM_BUGS } from './form-bugs.js'
import { GUARD_BUGS } from './guard-bugs.js'
import { KEPT_HISTORIES } from './kept-seeds.js'
import { NUMBER_BUGS } from './number-bugs.js'
import { RESTORE_BUGS } from './restore-bugs.js'
import { ROLLOUT_BUGS } from './rollout-bugs.js'
import { SECOND_BUGS } from './second-bugs.js'

const edits: readonly Pick<PlantedBug, 'name' | 'file' | 'replace' | 'also'>[] = [
  ...PLANTED_BUGS,
  ...SECOND_BUGS,
  ...ROLLOUT_BUGS,
  ...NUMBER_BUGS,
  ...RESTORE_BUGS,
  ...FORM_BUGS,
  ...GUARD_BUGS,
  ...KEPT_HISTORIES.map(({ found, unmend }) => ({ name: found, ...unmend })),
]

// `npm test` hunts no planted bug, so without this a changed line would end a hunt long after.
test.each(edits)('each piece of $name stands in its source once', ({ file, replace, also = [] }) => {
  for (const edit of [{ file, replace }, ...also]) {
    const source = readFileSync(`${root}/${edit.file}`, 'utf8')
    for (const [piece] of edit.replace)
      expect.soft([...source.matchAll(new RegExp(patternOf(piece), 'g'))], piece).toHaveLength(1)
  }
})

test.each(GUARD_BUGS)('what notices $name is there', ({ noticedBy: { file, title } }) => {
  expect(readFileSync(`${root}/${file}`, 'utf8').replaceAll('\\', '')).toContain(title)
})
