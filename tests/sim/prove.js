// The long form of the proof: `npm run prove -- [--seeds 100000] [--from 1] [--rounds 1000] [--inputs 10000000] [--kills 5000] [--bug-seeds 500] [--only seeds,bugs,chaos,parsers,kills] [--json file]`.
import { build } from 'esbuild'
import { execFileSync, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { bundle, root } from './bundle.js'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '1000' },
    inputs: { type: 'string', default: '10000000' },
    kills: { type: 'string', default: '5000' },
    'bug-seeds': { type: 'string', default: '500' },
    'bug-from': { type: 'string', default: '500000' },
    only: { type: 'string', default: 'seeds,bugs,chaos,parsers,kills' },
    json: { type: 'string', default: 'prove.json' },
  },
})
const only = new Set(values.only.split(','))
const workers = availableParallelism()
const say = (/** @type {string} */ text) => process.stdout.write(`${text}\n`)

const out = `${root}/node_modules/.cache/noticeboard-sim/${process.pid}/prove-parts.mjs`
await build({
  entryPoints: [`${root}/tests/sim/prove-parts.ts`],
  outfile: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'error',
})
const parts = await import(out)

/** @type {Record<string, unknown>} */
const result = { commit: commit(), node: process.version, began: new Date().toISOString() }
/** @type {string[][]} */
const table = []
let failed = false

const line = (
  /** @type {string} */ part,
  /** @type {string} */ tried,
  /** @type {string} */ bad,
  /** @type {number} */ beganMs,
) => {
  if (bad !== '0') failed = true
  table.push([part, tried, bad, `${((performance.now() - beganMs) / 1000).toFixed(0)} s`])
}

if (only.has('seeds')) {
  const beganMs = performance.now()
  const file = await bundle({ entry: 'seed-process' })
  let [done, bad] = [0, 0]
  const lines = await parts.runMany({
    file, from: Number(values.from), count: Number(values.seeds), workers,
    onSeed: (/** @type {{ seed: number, violations: { oracle: string, text: string }[] }} */ { seed, violations }) => {
      done += 1
      if (violations.length > 0) {
        bad += 1
        say(`seed ${seed}: ${violations[0]?.oracle}: ${violations[0]?.text}\n  replay: npm run sim -- ${seed} trace; smaller: npm run sim -- ${seed} shrink`)
      }
      if (done % 500 === 0) say(`${done} of ${values.seeds} histories, ${bad} with violations, ${(done / ((performance.now() - beganMs) / 1000)).toFixed(1)} a second`)
    },
  }) // prettier-ignore
  const never =
    lines.length < 1_000
      ? []
      : parts.neverHappened(lines.map((/** @type {{ sometimes: string[] }} */ { sometimes }) => sometimes))
  for (const thing of never) say(`never happened: ${thing}`)
  result['seeds'] = {
    tried: lines.length,
    bad,
    never,
    events: lines.reduce(
      (/** @type {number} */ sum, /** @type {{ events: number }} */ { events }) => sum + events,
      0,
    ),
  }
  line('histories', String(lines.length), String(bad + never.length), beganMs)
}
if (only.has('bugs')) {
  const beganMs = performance.now()
  const found = []
  for (const bug of parts.PLANTED_BUGS) {
    const file = await bundle({ entry: 'seed-process', bug })
    const hit = await parts.hunt({
      file,
      bug,
      from: Number(values['bug-from']),
      most: Number(values['bug-seeds']),
      workers,
    })
    found.push({ name: bug.name, ...hit })
    say(
      `${bug.name.padEnd(34)} ${hit.expected ? `${hit.oracle} within ${hit.seeds} seeds` : `NOT FOUND (${hit.oracle ?? 'nothing'} after ${hit.seeds})`}`,
    )
  }
  result['bugs'] = found
  line(
    'planted bugs',
    String(found.length),
    String(found.filter(({ expected }) => !expected).length),
    beganMs,
  )
}
if (only.has('chaos')) {
  const beganMs = performance.now()
  const { rounds, stuck } = await parts.runChaos({
    rounds: Number(values.rounds),
    seed: 1,
    onProgress: (/** @type {{ round: number }} */ { round }, /** @type {number} */ of) =>
      round % 20 === 0 && say(`chaos: round ${round} of ${of}`),
  })
  result['chaos'] = { rounds: rounds.length, stuck }
  line('chaos rounds', String(rounds.length), String(stuck), beganMs)
}
if (only.has('parsers')) {
  const beganMs = performance.now()
  const { inputs, failures, tried, slowestMs } = await parts.runFuzz({
    inputs: Number(values.inputs),
    seed: 1,
    onProgress: (/** @type {{ done: number, inputs: number }} */ { done, inputs: of }) =>
      done % 1_000_000 < 20_000 && say(`parsers: ${done} of ${of}`),
  })
  result['parsers'] = { inputs, tried, slowestMs, failures }
  line('parser inputs', String(inputs), String(failures.length), beganMs)
}
if (only.has('kills')) {
  // The trials with real processes and kill -9 belong to the file store's own test, which takes their number from outside.
  const beganMs = performance.now()
  const code = await run(`${root}/node_modules/.bin/vitest`, ['run', 'tests/node/file-store.kill.test.ts'], {
    NOTICEBOARD_KILLS: values.kills,
  })
  result['kills'] = { trials: Number(values.kills), code }
  line('kill -9 trials', values.kills, String(code), beganMs)
}

await writeFile(
  values.json,
  `${JSON.stringify({ ...result, ended: new Date().toISOString() }, undefined, 2)}\n`,
)
say('')
for (const [part = '', tried = '', bad = '', took = ''] of [['part', 'tried', 'bad', 'took'], ...table])
  say(`${part.padEnd(16)}${tried.padStart(12)}${bad.padStart(8)}${took.padStart(10)}`)
process.exit(failed ? 1 : 0)

function commit() {
  try {
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

/** @param {string} command @param {string[]} args @param {Record<string, string>} env @returns {Promise<number>} */
function run(command, args, env) {
  return new Promise(resolve =>
    spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).on('close', code =>
      resolve(code ?? 1),
    ),
  )
}
