// What takes the bytes of a page that pulls over fetch, by folder of the sources and by dependency:
// `node benchmarks/client/page-parts.js [CHECKOUT]`, beside those of another checkout.
import { resolve } from 'node:path'
import { formatTable } from '../table.js'
import { bytesByFile } from './bundle.js'

const [checkout] = process.argv.slice(2)
const pages = [await bytesByFile()]
if (checkout !== undefined) pages.unshift(await bytesByFile(`${resolve(checkout)}/`))

/** A folder of the sources, or a package. @param {string} path */
function partOf(path) {
  if (path === '') return 'what joins them'
  const [, dependency] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(path) ?? []
  const folders = path.split('/').slice(0, -1)
  return dependency ?? folders.slice(0, 3).join('/')
}

const sums = pages.map(({ files }) => {
  /** @type {Map<string, number>} */
  const sum = new Map()
  for (const [path, bytes] of files) sum.set(partOf(path), (sum.get(partOf(path)) ?? 0) + bytes)
  return sum
})
const bytesOf = (/** @type {string} */ part) => sums.map(sum => sum.get(part) ?? 0)
const now = (/** @type {string} */ part) => bytesOf(part).at(-1) ?? 0
const parts = [...new Set(sums.flatMap(sum => [...sum.keys()]))]
  .filter(part => bytesOf(part).some(bytes => bytes > 0))
  .sort((one, other) => now(other) - now(one))
const all = sums.map(sum => [...sum.values()].reduce((total, bytes) => total + bytes, 0))
const gzip = pages.map(({ gzipBytes }) => gzipBytes)
const row = (/** @type {string} */ title, /** @type {readonly number[]} */ each) => [
  title,
  ...each.map(bytes => bytes.toLocaleString('en')),
]

process.stdout.write(
  `${formatTable(
    ['minified, bytes', ...(checkout === undefined ? [] : ['before']), 'now'],
    [...parts.map(part => row(part, bytesOf(part))), row('all', all), row('all, gzip', gzip)],
  )}\n`,
)
