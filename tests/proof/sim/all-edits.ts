import { ACCESS_BUGS } from './access-bugs.js'
import { PLANTED_BUGS, type PlantedBug } from './bugs.js'
import { COMPRESSED_BUGS } from './compressed-bugs.js'
import { FORM_BUGS } from './form-bugs.js'
import { GUARD_BUGS } from './guard-bugs.js'
import { KEPT_HISTORIES } from './kept-seeds.js'
import { NUMBER_BUGS } from './number-bugs.js'
import { RESTORE_BUGS } from './restore-bugs.js'
import { ROLLOUT_BUGS } from './rollout-bugs.js'
import { SECOND_BUGS } from './second-bugs.js'
import { TOGETHER_BUGS } from './together-bugs.js'

/** Everything that is planted into sources anywhere, and what is taken out again of mends. */
export const ALL_EDITS: readonly Pick<PlantedBug, 'name' | 'file' | 'replace' | 'also'>[] = [
  ...PLANTED_BUGS,
  ...SECOND_BUGS,
  ...ROLLOUT_BUGS,
  ...NUMBER_BUGS,
  ...RESTORE_BUGS,
  ...FORM_BUGS,
  ...COMPRESSED_BUGS,
  ...ACCESS_BUGS,
  ...TOGETHER_BUGS,
  ...GUARD_BUGS,
  ...KEPT_HISTORIES.map(({ found, unmend }) => ({ name: found, ...unmend })),
]
