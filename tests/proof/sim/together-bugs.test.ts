import { TOGETHER_BUGS } from './together-bugs.js'
import { testBugs } from './test-bugs.js'

testBugs('together', TOGETHER_BUGS, 11_000_000)
