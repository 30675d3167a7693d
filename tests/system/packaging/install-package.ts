import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { root } from '../../../scripts/entry-points.js'
import { runCommand } from './run-command.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder whose `node_modules` holds the installed tarball; the projects lie in it. */
    workspace: string
    /** An empty folder outside of it, for projects that install for themselves. */
    outside: string
    /** The path of the tarball. */
    tarball: string
    /** The files in the tarball. */
    packed: readonly string[]
  }
}

/**
 * Packs the package as `npm publish` would, and installs the tarball into a folder outside the
 * checkout, together with what the projects there need.
 */
export async function setup(project: TestProject): Promise<() => void> {
  const workspace = mkdtempSync(join(tmpdir(), 'noticeboard-package-'))
  const outside = mkdtempSync(join(tmpdir(), 'noticeboard-project-'))
  const remove = () => {
    for (const folder of [workspace, outside]) rmSync(folder, { recursive: true, force: true })
  }
  try {
    const pack = await runCommand(['npm', 'pack', '--json', '--pack-destination', workspace], {
      cwd: root,
      timeoutMs: 240_000,
    })
    if (pack.code !== 0) throw new Error(`npm pack failed:\n${pack.stderr}`)
    const tarball = readPackList(pack.stdout)

    writeFileSync(join(workspace, 'package.json'), JSON.stringify({ name: 'workspace', private: true }))
    cpSync(join(root, 'tests/system/packaging/projects'), join(workspace, 'projects'), { recursive: true })
    for (const file of ['service.js', 'service.test.js']) {
      cpSync(join(root, 'examples/express-service', file), join(workspace, 'projects/express-service', file))
    }
    const install = await runCommand(
      [
        'npm',
        'install',
        '--no-audit',
        '--no-fund',
        `./${tarball.filename}`,
        'zod@4',
        'jest@30',
        'express@5',
        '@types/node@20',
        'typescript-5@npm:typescript@5.7',
      ],
      { cwd: workspace, timeoutMs: 240_000 },
    )
    if (install.code !== 0) throw new Error(`installing the tarball failed:\n${install.stderr}`)

    project.provide('workspace', workspace)
    project.provide('outside', outside)
    project.provide('tarball', join(workspace, tarball.filename))
    project.provide('packed', tarball.files)
    return remove
  } catch (error) {
    remove()
    throw error
  }
}

/**
 * What `npm pack --json` says; older versions of npm print a list, newer ones an object keyed by
 * name.
 */
function readPackList(text: string): { filename: string; files: string[] } {
  const answer: unknown = JSON.parse(text)
  const [entry] = Object.values(answer as Record<string, { filename: string; files: { path: string }[] }>)
  if (!entry) throw new Error('npm pack packed nothing')
  return { filename: entry.filename, files: entry.files.map(({ path }) => path) }
}
