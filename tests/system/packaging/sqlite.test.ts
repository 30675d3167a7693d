import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { runCommand } from './run-command.js'

test(
  'the store over SQLite installs the package, runs and passes the kit',
  { timeout: 600_000 },
  async context => {
    const cwd = join(inject('outside'), 'sqlite-store')
    mkdirSync(cwd, { recursive: true })
    for (const file of ['package.json', 'sqlite-store.js', 'sqlite-store.test.js', 'main.js'])
      cpSync(join(root, 'examples/sqlite-store', file), join(cwd, file))
    const quiet = ['--no-audit', '--no-fund']
    // Everything at once, since the folder that package.json names for the package is not there.
    const install = await runCommand(['npm', 'install', ...quiet, inject('tarball')], {
      cwd,
      timeoutMs: 400_000,
    })
    if (install.code !== 0 && process.env['NOTICEBOARD_NO_SKIP'] === undefined)
      context.skip('better-sqlite3 cannot be installed here: npm install better-sqlite3@12')
    expect(install.code, install.stderr).toBe(0)

    const program = await runCommand([process.execPath, 'main.js'], { cwd })
    expect(program.code, program.stderr).toBe(0)
    expect(program.stdout).toBe('the pool has 10 connections\nnow it has 80\n')

    const kit = await runCommand([process.execPath, '--test'], { cwd, timeoutMs: 120_000 })
    expect(kit.code, kit.stdout).toBe(0)
    expect(kit.stdout).toMatch(/# fail 0/)
  },
)
