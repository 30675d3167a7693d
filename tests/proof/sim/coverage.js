// Branch coverage of the transports and the server under the simulation alone:
// `node tests/proof/sim/coverage.js [seeds] [from] [missing]`; `missing` names each branch that was
// not taken. V8's own blocks are counted, as c8 does; esbuild names the source file in front of
// each part of the bundle.
import { spawn } from 'node:child_process'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle, root } from './bundle.js'

const [count = '60', from = '1', missing = ''] = process.argv.slice(2)
const file = await bundle({ entry: 'seed-process' })
const folder = await mkdtemp(join(tmpdir(), 'noticeboard-coverage-'))
await new Promise(resolve =>
  spawn(process.execPath, [file, from, count], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, NODE_V8_COVERAGE: folder },
  }).on('close', resolve),
)

const text = await readFile(file, 'utf8')
const parts = [...text.matchAll(/^\/\/ (src\/\S+|tests\/\S+)$/gm)].map(match => ({
  at: match.index,
  name: match[1] ?? '',
}))
const partAt = (/** @type {number} */ offset) => parts.findLast(({ at }) => at <= offset)?.name ?? ''

/** @type {Map<string, { all: number, met: number }>} */
const files = new Map()
for (const name of await readdir(folder)) {
  const { result } = JSON.parse(await readFile(join(folder, name), 'utf8'))
  const own = result.find((/** @type {{ url: string }} */ { url }) => url.endsWith(file))
  for (const { ranges, isBlockCoverage, functionName } of own?.functions ?? []) {
    for (const [index, { startOffset, count: times }] of ranges.entries()) {
      // A function's own range is no branch, except that one that was never called has no others.
      if (index === 0 && isBlockCoverage && functionName === '') continue
      const part = partAt(startOffset)
      if (!/^src\/(transports\/fetch|transports\/http|transports\/cached|server)/.test(part)) continue
      const entry = files.get(part) ?? { all: 0, met: 0 }
      entry.all += 1
      if (times > 0) entry.met += 1
      else if (missing !== '')
        process.stdout.write(`${part}: ${text.slice(startOffset, startOffset + 100).replace(/\s+/g, ' ')}\n`)
      files.set(part, entry)
    }
  }
}
/**
 * What the simulation does not use, since it works at `fetch(Request) -> Response`: sockets, and
 * what stands on them.
 */
const SOCKETS = [
  'http/node-adapter',
  'http/node-stream',
  'http/response-sink',
  'http/socket-sink',
  'http/stream-head',
  'routes/quick-answers',
  'serve',
].map(name => `src/server/${name}.ts`)

const total = { all: 0, met: 0 }
const used = { all: 0, met: 0 }
for (const [name, entry] of [...files].sort()) {
  for (const sum of SOCKETS.includes(name) ? [total] : [total, used]) {
    sum.all += entry.all
    sum.met += entry.met
  }
  process.stdout.write(
    `${`${((100 * entry.met) / entry.all).toFixed(0)} %`.padStart(6)} ${`${entry.met}/${entry.all}`.padStart(8)} ${name}\n`,
  )
}
for (const [{ all, met }, what] of /** @type {const} */ ([
  [total, 'with the adapters for sockets, which a simulation at fetch(Request) -> Response does not use'],
  [used, `without them (${SOCKETS.join(', ')})`],
]))
  process.stdout.write(`${((100 * met) / all).toFixed(1)} % of ${all} branches, ${count} seeds, ${what}\n`)

/** What docs/guarantees.md promises of those without the adapters, in percent. */
const page = await readFile(`${root}/docs/guarantees.md`, 'utf8')
const least = Number(/CI asserts\s+(\d+) %/.exec(page)?.[1])
if (!((100 * used.met) / used.all >= least)) {
  process.stdout.write(
    `docs/guarantees.md promises ${least} %, and fewer branches are taken under the simulation\n`,
  )
  process.exitCode = 1
}
