import { ACCESS_BUGS } from './access-bugs.js'
import { testBugs } from './test-bugs.js'

testBugs('access', ACCESS_BUGS, 10_000_000)
