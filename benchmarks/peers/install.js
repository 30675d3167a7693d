// Installs what the benchmarks measure beside noticeboard, into the folder `packages` and for
// nothing else: `node benchmarks/peers/install.js`.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const { status } = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
  cwd: fileURLToPath(new URL('packages', import.meta.url)),
  stdio: 'inherit',
})
process.exitCode = status ?? 1
