import { NUMBER_BUGS } from './number-bugs.js'
import { testBugs } from './test-bugs.js'

testBugs('numbers', NUMBER_BUGS, 5_000_000)
