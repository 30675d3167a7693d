import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

let packed: readonly string[] = []

beforeAll(async () => {
  // What is built has no links; so it need not be there.
  const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const { stdout } = await promisify(execFile)('npm', pack, { cwd: root, maxBuffer: 16 << 20 })
  const [entry] = Object.values(JSON.parse(stdout) as Record<string, { files: { path: string }[] }>)
  packed = (entry?.files ?? []).map(({ path }) => path)
}, 120_000)

const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = (): readonly string[] => packed.filter(path => path.endsWith('.md'))

/** The text of a page without what is code in it. */
const proseOf = (text: string): string => text.replaceAll(/^```[^]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '')

/** The anchors of a page's headings, as web pages of repositories make them. */
function anchorsOf(text: string): readonly string[] {
  const headings = text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

/** Relative links of a page that lead nowhere in the package, to a file, a folder or a heading. */
function deadLinks(page: string, text: string, files: readonly string[]): readonly string[] {
  return [...proseOf(text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : normalize(join(dirname(page), path))
    const isThere = files.includes(target) || files.some(file => file.startsWith(`${target}/`))
    const isAt = anchor === undefined || (isThere && anchorsOf(read(target)).includes(anchor))
    return isThere && isAt ? [] : [`${page}: ${link}`]
  })
}

test('every relative link of a page in the package leads to a file and a heading in it', () => {
  expect(pages()).toContain('README.md')
  expect(pages().flatMap(page => deadLinks(page, read(page), packed))).toEqual([])
  const told = ['a](docs/none.md)', 'b](docs/formats.md#none)', 'c](#none)', 'd](src/index.ts)', 'e](docs)']
  expect(deadLinks('README.md', told.map(link => `[${link}`).join('\n'), packed)).toHaveLength(4)
})

test('every example that a page names is in the package', () => {
  const named = pages().flatMap(page =>
    [...read(page).matchAll(/(?<![\w/.])examples\/[\w./-]*\w/g)].map(([path]) => `${page}: ${path}`),
  )
  expect(named.length).toBeGreaterThan(5)
  const isPacked = (path: string): boolean =>
    packed.some(file => file === path || file.startsWith(`${path}/`))
  expect(named.filter(name => !isPacked(name.split(': ')[1] ?? ''))).toEqual([])
})

test('every keyword of package.json is a word of the README or of the page on rollouts', () => {
  const manifest = JSON.parse(read('package.json')) as { readonly keywords: readonly string[] }
  const words = read('README.md').toLowerCase() + read('docs/rollouts.md').toLowerCase()
  const unsaid = manifest.keywords.filter(
    word => !words.includes(word.replace('-', ' ')) && !words.includes(word),
  )
  expect(unsaid).toEqual([])
})
