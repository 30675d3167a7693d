// Bundles an entry of the simulation together with the source, or with a copy of the source that
// has a planted bug.
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/**
 * How everything here is bundled: for this Node, with packages left where they are.
 * @satisfies {import('esbuild').BuildOptions}
 */
export const AS_A_MODULE = /** @type {const} */ ({
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'error',
})

/**
 * A simulated disk knows no room, and bytes that nobody reads would take a tenth of the time of a
 * history.
 *
 * @type {{ name: string, file: string, replace: readonly (readonly [string, string])[] }}
 */
const SMALL_RESERVE = {
  name: 'the small reserve',
  file: 'src/core/limits.ts',
  replace: [['RESERVE_BYTES = 4_194_304', 'RESERVE_BYTES = 4_096']],
}

/**
 * A stage that nobody can decide waits for its time. What the simulation does to a rollout is over
 * within four minutes, and the rest of half an hour, in which nothing happens, would take most of
 * the time of its scene.
 *
 * @type {{ name: string, file: string, replace: readonly (readonly [string, string])[] }}
 */
const SHORT_WAIT = {
  name: 'the short wait',
  file: 'src/rollouts/deadline.ts',
  replace: [['SLACK_MS = 1_800_000', 'SLACK_MS = 300_000']],
}

/**
 * What compresses event streams works on threads. Here it works when the scene `compressed` says.
 *
 * @type {{ name: string, file: string, replace: readonly (readonly [string, string])[] }}
 */
const OWN_THREADS = {
  name: 'the own threads',
  file: 'src/server/encodings/gzip-frames.ts',
  replace: [
    [
      "import { constants, deflateRaw } from 'node:zlib'",
      "import { constants } from 'node:zlib'; import { deflateRaw } from '../../../tests/proof/sim/threads.js'",
    ],
  ],
}

/**
 * Resolves with the path of the bundle. It lies under `node_modules`, so that packages are found
 * from there.
 *
 * @param {{ entry: string, bug?: { name: string, file: string, replace: readonly (readonly [string, string])[], also?: readonly { file: string, replace: readonly (readonly [string, string])[] }[]
 * } }} what
 * @returns {Promise<string>}
 */
export async function bundle({ entry, bug }) {
  const outfile = `${root}/node_modules/.cache/noticeboard-sim/${process.pid}/${entry}${bug === undefined ? '' : `.${bug.name}`}.mjs`
  let patched = bug === undefined
  const planted =
    bug === undefined ? [] : [bug, ...(bug.also ?? [])].map(edit => ({ ...edit, name: bug.name }))
  const edits = [SMALL_RESERVE, SHORT_WAIT, OWN_THREADS, ...planted]
  await build({
    entryPoints: [`${root}/tests/proof/sim/${entry}.ts`],
    outfile,
    ...AS_A_MODULE,
    plugins: [plantingIn(edits, ({ name }) => (patched ||= name === bug?.name))],
  })
  if (!patched)
    throw new Error(`the planted bug ${bug?.name} belongs to ${bug?.file}, which the simulation does not use`)
  return outfile
}

/**
 * Replaces pieces of sources as a bundle is made of them, and says which edits it has made.
 *
 * @param {readonly { name: string, file: string, replace: readonly (readonly [string, string])[] }[]}
 * edits
 * @param {(made: { name: string }) => void} [made]
 * @returns {import('esbuild').Plugin}
 */
export function plantingIn(edits, made = () => {}) {
  return {
    name: 'edits',
    setup(builder) {
      builder.onLoad({ filter: /[/\\](?:src|tests)[/\\].*\.ts$/ }, async ({ path }) => {
        const due = edits.filter(({ file }) => path.endsWith(file))
        if (due.length === 0) return undefined
        let contents = await readFile(path, 'utf8')
        for (const edit of due) {
          contents = withPieces(contents, edit)
          made(edit)
        }
        return { contents, loader: 'ts' }
      })
    },
  }
}

/**
 * A source with its pieces replaced. Throws where one of them is not in it.
 *
 * @param {string} source
 * @param {{ name: string, file: string, replace: readonly (readonly [string, string])[] }} edit
 */
export function withPieces(source, { name, file, replace }) {
  return replace.reduce((text, [from, to]) => {
    const changed = text.replace(patternOf(from), () => to)
    if (changed === text) throw new Error(`${name} does not fit ${file} any more: ${from}`)
    return changed
  }, source)
}

/** White space and a formatter's trailing commas make no difference. @param {string} text */
export function patternOf(text) {
  const parts = text.match(/[\w$]+|[^\s\w$]/g) ?? []
  return new RegExp(
    parts
      .map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s]*(?:,\\s*)?')
      .replaceAll('[\\s]*(?:,\\s*)?', '\\s*(?:,\\s*(?=[)\\]}]))?'),
  )
}
