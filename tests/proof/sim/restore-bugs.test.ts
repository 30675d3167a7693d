import { RESTORE_BUGS } from './restore-bugs.js'
import { testBugs } from './test-bugs.js'

testBugs('restores', RESTORE_BUGS, 7_000_000)
