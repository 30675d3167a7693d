// Mutation testing: `npm run mutate -- src/client`; `npm run mutate -- --help` tells the rest.
import { bundleTests } from '../sim/prove-bundle.js'

const { main } = await import(await bundleTests('tests/proof/mutation/mutate.ts'))
try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`mutate: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 2
}
