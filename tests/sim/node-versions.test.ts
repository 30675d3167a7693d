import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bundle, root } from './bundle.js'
import { runMany } from './run-many.js'

/** Another Node, as the npm package `node` installs it: `npm install --no-save node@24`. */
const OTHER = process.env['NOTICEBOARD_OTHER_NODE'] ?? `${root}/node_modules/node/bin/node`
const isMissing = !existsSync(OTHER) && process.env['NOTICEBOARD_NO_SKIP'] !== '1'

test.skipIf(isMissing)(
  'the same seed gives the same trace under another version of Node (npm install --no-save node@24)',
  async () => {
    const file = await bundle({ entry: 'seed-process' })
    const options = { file, from: 7_000, count: 30, workers: 2 }
    const [here, there] = [await runMany(options), await runMany({ ...options, node: OTHER })]
    expect(there.map(({ hash }) => hash)).toEqual(here.map(({ hash }) => hash))
  },
  300_000,
)
