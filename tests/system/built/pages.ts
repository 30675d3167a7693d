import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../../../scripts/entry-points.js'
import type { Workspace } from './workspace.js'

/** The code blocks of a page in one language, in their order. */
export function blocksOf(page: string, language: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, code = '']) => code,
  )
}

/**
 * Compiles pieces of TypeScript against the built package and resolves to what the compiler says; nothing when all is
 * well. A piece that begins with `import` is a module; any other is a body, for which `surroundings` stand before it.
 */
export async function compilePieces(
  user: Workspace,
  pieces: readonly string[],
  surroundings: string,
): Promise<string> {
  for (const [index, piece] of pieces.entries()) {
    const text = piece.startsWith('import ')
      ? piece
      : `${surroundings}\nexport async function piece(): Promise<void> {\n${piece}\n}\n`
    await user.write(`piece-${index}.ts`, text)
  }
  const options = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2023', 'dom', 'esnext.disposable'],
    module: 'nodenext',
    exactOptionalPropertyTypes: true,
    types: ['node'],
    skipLibCheck: true,
  }
  await user.write('tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['*.ts'] }))
  const { code, stdout } = await user.run([
    process.execPath,
    join(root, 'node_modules/typescript/bin/tsc'),
    '-p',
    '.',
  ])
  return code === 0 ? stdout : `${stdout}the compiler ended with ${code}`
}
