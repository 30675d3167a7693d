import { COMPRESSED_BUGS } from './compressed-bugs.js'
import { testBugs } from './test-bugs.js'

testBugs('compressed', COMPRESSED_BUGS, 9_000_000)
