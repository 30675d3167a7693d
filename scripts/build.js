// Builds `dist` with tsup: `node scripts/build.js [--if-stale] [--partial] [--modules | --code]`.
//
//   --if-stale does nothing when `dist` was built from exactly these sources --partial leaves out
//   entry points that have no source file yet, instead of failing --modules builds the ES modules
//   only, which is all that the demos run: seconds instead of half a minute --code builds ES
//   modules and CommonJS without their types, which is all that the tests run
//
// The build goes to a folder of its own and is renamed into place when it is complete, so a test or
// a demo that runs meanwhile never sees half a package, and two builds at once do not disturb each
// other.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { missingEntryPoints, root } from './entry-points.js'

const dist = `${root}/dist`
const inputs = fingerprint()
/** What a build makes, by how much of it is wanted: the names of builds in tsup.config.ts. */
const sizes = { modules: ['esm'], code: ['esm', 'cjs'], whole: ['esm', 'cjs', 'types'] }
const size = process.argv.includes('--modules')
  ? 'modules'
  : process.argv.includes('--code')
    ? 'code'
    : 'whole'
/** What `dist` says of itself. A larger build serves whoever wants a smaller one. */
const saying = (/** @type {keyof typeof sizes} */ of) => `${inputs} ${of}`
const serving = /** @type {(keyof typeof sizes)[]} */ (Object.keys(sizes)).filter(
  larger => sizes[larger].length >= sizes[size].length,
)

if (process.argv.includes('--if-stale') && serving.map(saying).includes(builtFrom())) process.exit(0)

const missing = missingEntryPoints()
for (const { subpath, source } of missing) {
  process.stderr.write(`build: ${source} is missing, but package.json exports it as "${subpath}"\n`)
}
if (missing.length > 0 && !process.argv.includes('--partial')) {
  process.stderr.write('build: write the files above, or take them out of "exports" in package.json\n')
  process.exit(1)
}

const fresh = `dist.${process.pid}`
const startedAt = Date.now()
try {
  const tsup = spawnSync(process.execPath, [`${root}/node_modules/tsup/dist/cli-default.js`, '--silent'], {
    cwd: root,
    // Standard output stays empty, so that `npm pack --json` remains readable.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, NOTICEBOARD_OUT_DIR: fresh, NOTICEBOARD_ONLY: sizes[size].join() },
  })
  if (tsup.status !== 0) {
    process.stderr.write('build: tsup failed; its messages are above\n')
    process.exitCode = 1
  } else {
    finish()
    process.stderr.write(`build: dist is ready (${((Date.now() - startedAt) / 1000).toFixed(1)} s)\n`)
  }
} finally {
  rmSync(`${root}/${fresh}`, { recursive: true, force: true })
}

function finish() {
  const cli = `${root}/${fresh}/cli/main.js`
  if (existsSync(cli)) chmodSync(cli, 0o755)
  writeFileSync(`${root}/${fresh}/.inputs`, saying(size))
  const old = `${root}/${fresh}.old`
  if (existsSync(dist)) renameSync(dist, old)
  renameSync(`${root}/${fresh}`, dist)
  rmSync(old, { recursive: true, force: true })
}

/**
 * A hash over everything that the build depends on. Contents, not times: a fresh clone and a copy
 * both count.
 */
function fingerprint() {
  const hash = createHash('sha256')
  const sources = readdirSync(`${root}/src`, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => `${entry.parentPath ?? entry.path}/${entry.name}`)
    .sort()
  const settings = [
    'package.json',
    'package-lock.json',
    'tsup.config.ts',
    'tsconfig.json',
    'scripts/build.js',
  ]
  for (const file of [...sources, ...settings.map(name => `${root}/${name}`)]) {
    if (!existsSync(file)) continue
    hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

function builtFrom() {
  return existsSync(`${dist}/.inputs`) ? readFileSync(`${dist}/.inputs`, 'utf8') : ''
}
