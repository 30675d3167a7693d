import { FORM_BUGS } from './form-bugs.js'
import { testBugs } from './test-bugs.js'

testBugs('forms', FORM_BUGS, 8_000_000)
