import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { PIECE_OPTIONS, pagePieces } from '../project/page-pieces.js'
import { runCommand } from './run-command.js'

test.each(pagePieces)(
  'every piece of TypeScript in $page compiles against the package',
  async ({ least, pieces, files }) => {
    expect(pieces).toBeGreaterThanOrEqual(least)
    const cwd = mkdtempSync(join(inject('workspace'), 'projects/pages-'))
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
    writeFileSync(join(cwd, 'package.json'), JSON.stringify({ type: 'module' }))
    writeFileSync(
      join(cwd, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: PIECE_OPTIONS, include: ['*.ts'] }),
    )
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    const { code, stdout } = await runCommand([process.execPath, compiler, '-p', '.'], { cwd })
    expect(stdout).toBe('')
    expect(code).toBe(0)
  },
)
