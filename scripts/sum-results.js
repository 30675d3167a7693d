// Adds up vitest's JSON results: `node scripts/sum-results.js a.json b.json ...` prints what
// failed, then `tests: N passed, N failed` as its last line, and exits 1 unless every file is there
// and nothing failed.
//
// A skipped test counts as failed, unless its file says why in a comment,
// `// may be skipped: <reason>`, or its own name does, as the conformance kit's cases do:
// `(<capability>: <reason>)`. Pending tests (`test.todo`) are counted.
import { existsSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'

let passed = 0
/** What failed, in the order of the files. @type {string[]} */
const failures = []

for (const file of process.argv.slice(2)) {
  const run = basename(file, '.json')
  if (!existsSync(file)) {
    failures.push(`${run}: no results: the run did not end`)
    continue
  }
  const results = JSON.parse(readFileSync(file, 'utf8'))
  const failedBefore = failures.length
  /** @param {string} where @param {string} what */
  const note = (where, what) => failures.push(`${run}: ${inProject(where)}: ${what}`)
  if (results.testResults.length === 0) failures.push(`${run}: no tests ran`)
  let counted = 0
  let pending = 0
  for (const suite of results.testResults) {
    // A file that fails before its first test has no tests to count.
    if (suite.status === 'failed' && !suite.assertionResults.some(isFailed))
      note(suite.name, firstLine(suite.message))
    for (const test of suite.assertionResults) {
      if (test.status === 'passed') counted++
      else if (isFailed(test))
        note(suite.name, `${test.fullName}: ${firstLine(test.failureMessages?.at(-1))}`)
      else if (test.status === 'todo') pending++
      else if (!mayBeSkipped(suite.name) && !givesReason(test)) note(suite.name, `skipped: ${test.fullName}`)
    }
  }
  if (!results.success && failures.length === failedBefore)
    failures.push(`${run}: the run failed outside its tests, by an unhandled error`)
  passed += counted
  process.stdout.write(
    `${run}: ${counted} passed, ${pending} pending, ${failures.length - failedBefore} failed\n`,
  )
}

for (const failure of failures) process.stdout.write(`FAILED ${failure}\n`)
process.stdout.write(`tests: ${passed} passed, ${failures.length} failed\n`)
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1

/** @param {{ status: string }} test */
function isFailed(test) {
  return test.status === 'failed'
}

/** @param {{ fullName: string }} test */
function givesReason({ fullName }) {
  return /\([a-z]+: .+\)$/.test(fullName)
}

/** @param {string} file */
function mayBeSkipped(file) {
  return existsSync(file) && /\/\/ may be skipped: \S/.test(readFileSync(file, 'utf8'))
}

/** @param {string} path */
function inProject(path) {
  return path.replace(`${process.cwd()}/`, '')
}

/** @param {string | undefined} text */
function firstLine(text = '') {
  // That is what vitest writes down of a test that did not end in time.
  return text.replace('STACK_TRACE_ERROR', 'it did not end in time').split('\n', 1)[0]?.slice(0, 300) ?? ''
}
