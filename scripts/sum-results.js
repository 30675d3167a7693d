// Adds up vitest's JSON results: `node scripts/sum-results.js a.json b.json ...` prints `tests: N passed, N failed`
// as its last line and exits 1 unless every file is there and nothing failed.
//
// A skipped test counts as failed, unless its file says why in a comment, `// may be skipped: <reason>`, or its own
// name does, as the conformance kit's cases do: `(<capability>: <reason>)`. Pending tests (`test.todo`) are listed.
import { existsSync, readFileSync } from 'node:fs'

let passed = 0
let failed = 0

for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    note(file, 'no results: the run did not end')
    continue
  }
  const results = JSON.parse(readFileSync(file, 'utf8'))
  const failedBefore = failed
  if (results.testResults.length === 0) note(file, 'no tests ran')
  let counted = 0
  for (const suite of results.testResults) {
    // A file that fails before its first test has no tests to count.
    if (suite.status === 'failed' && !suite.assertionResults.some(isFailed)) note(suite.name, suite.message)
    for (const test of suite.assertionResults) {
      if (test.status === 'passed') {
        passed++
        counted++
      } else if (isFailed(test)) {
        note(suite.name, test.fullName)
      } else if (test.status === 'todo') {
        process.stdout.write(`pending: ${test.fullName}\n`)
      } else if (!mayBeSkipped(suite.name) && !givesReason(test)) {
        note(suite.name, `skipped: ${test.fullName}`)
      }
    }
  }
  if (!results.success && failed === failedBefore)
    note(file, 'the run failed outside its tests, by an unhandled error')
  process.stdout.write(`${file}: ${counted} passed\n`)
}

process.stdout.write(`tests: ${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

/** @param {string} where @param {string} what */
function note(where, what) {
  failed++
  process.stdout.write(`FAILED ${where}: ${what}\n`)
}

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
