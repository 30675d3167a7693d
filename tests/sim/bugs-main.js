// Plants each bug in a copy of the source and tells which seed finds it: `node tests/sim/bugs-main.js [from] [most] [name ...]`.
import { build } from 'esbuild'
import { bundle, root } from './bundle.js'

const [from = '500000', most = '500', ...names] = process.argv.slice(2)
const cache = `${root}/node_modules/.cache/noticeboard-sim/${process.pid}`
await build({
  entryPoints: [`${root}/tests/sim/hunt.ts`],
  outfile: `${cache}/hunt.mjs`,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  external: ['./bundle.js'],
  logLevel: 'error',
})
const { hunt, PLANTED_BUGS } = await import(`${cache}/hunt.mjs`)
for (const bug of PLANTED_BUGS) {
  if (names.length > 0 && !names.includes(bug.name)) continue
  try {
    const file = await bundle({ entry: 'seed-process', bug })
    const { seeds, oracle, seed, expected } = await hunt({
      file,
      bug,
      from: Number(from),
      most: Number(most),
      workers: 1,
    })
    process.stdout.write(
      `${bug.name.padEnd(34)} ${oracle === undefined ? `not found within ${seeds}` : `${oracle}${expected ? '' : ' (another one)'} after ${seeds} seeds (seed ${seed})`}\n`,
    )
  } catch (error) {
    process.stdout.write(
      `${bug.name.padEnd(34)} ERROR ${error instanceof Error ? error.message : String(error)}\n`,
    )
  }
}
