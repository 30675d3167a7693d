// Everything that must hold before a change goes in: `npm run check [-- name ...]`. Names are the
// keys below.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { root } from './entry-points.js'

const bin = (/** @type {string} */ name) => `${root}/node_modules/.bin/${name}`
const node = process.execPath

/** @type {Record<string, string[][]>} Each check is a list of commands, run one after another. */
const checks = {
  types: [
    [bin('tsc'), '-p', 'tsconfig.json'],
    [bin('tsc'), '-p', 'tsconfig.portable.json'],
    [bin('tsc'), '-p', 'tsconfig.tests.json'],
  ],
  package: [
    [node, 'scripts/build.js', '--if-stale'],
    [bin('publint'), '--strict'],
    [bin('attw'), '--pack', '.', '--format', 'ascii'],
  ],
  api: [[node, 'scripts/api-snapshot.js', '--check']],
  docs: [[bin('typedoc'), '--emit', 'none']],
  examples: [[node, 'scripts/check-examples.js']],
  defaults: [[node, 'scripts/check-defaults.js']],
  lint: [[bin('oxlint'), '--type-aware', '--deny-warnings', '--report-unused-disable-directives']],
  imports: [[node, 'scripts/check-imports.js']],
  unused: [[bin('knip')]],
  format: [[bin('oxfmt'), '--check']],
  width: [[node, 'scripts/check-width.js']],
  promises: [[node, 'scripts/check-promises.js']],
}

/** Checks that say something worth reading when they pass. */
const telling = new Set(['promises'])

const wanted = process.argv.slice(2)
const unknown = wanted.filter(name => !(name in checks))
if (unknown.length > 0) {
  process.stderr.write(
    `check: no check named ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}\n`,
  )
  process.exit(2)
}

const waiting = Object.entries(checks).filter(([name]) => wanted.length === 0 || wanted.includes(name))
/** @type {string[]} */
const failed = []
await Promise.all(Array.from({ length: availableParallelism() }, worker))
if (failed.length > 0) {
  process.stdout.write(`\ncheck: ${failed.join(', ')} failed. One alone: npm run check -- ${failed[0]}\n`)
  if (failed.includes('format') || failed.includes('width'))
    process.stdout.write('check: npm run format repairs the format, and wraps comments and pages.\n')
  process.exitCode = 1
}

async function worker() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [name, commands] = next
    const startedAt = Date.now()
    let output = ''
    let ok = true
    for (const command of commands) {
      const result = await run(command)
      // A check of several commands goes on after a failure: all the type errors at once are worth
      // more.
      if (result.code !== 0) ok = false
      if (result.code !== 0 || telling.has(name)) output += result.output
    }
    if (!ok) failed.push(name)
    process.stdout.write(
      `${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n${output}`,
    )
  }
}

/** @param {string[]} command @returns {Promise<{ code: number, output: string }>} */
function run([file = '', ...args]) {
  return new Promise(resolve => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', chunk => (output += chunk))
    child.stderr.on('data', chunk => (output += chunk))
    child.on('error', error => resolve({ code: 1, output: `${file}: ${error.message}\n` }))
    child.on('close', code => resolve({ code: code ?? 1, output }))
  })
}
