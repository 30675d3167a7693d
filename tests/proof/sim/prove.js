// The long form of the proof: `npm run prove`; `npm run prove -- --help` tells the rest.
import { bundleTests } from './prove-bundle.js'

const { prove } = await import(await bundleTests('tests/proof/sim/prove-parts.ts'))
// What a part that failed leaves open must not keep this process.
process.exit(await prove(process.argv.slice(2)))
