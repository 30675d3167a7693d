import { expect, test } from 'vitest'
import { problemsOf } from '../../../scripts/check-imports.js'

const messages = (file: string, text: string) =>
  problemsOf(file, text).map(({ line, message }) => `${line} ${message}`)

test.each([
  [
    'src/contracts/a.ts',
    `import { b } from '../core/b.js'`,
    /imports core from contracts; contracts may import nothing else/,
  ],
  ['src/core/a.ts', `export { b } from '../client/b.js'`, /imports client from core/],
  [
    'src/strategies/a.ts',
    `import type { b } from '../transports/b.js'`,
    /imports transports from strategies/,
  ],
  [
    'src/transports/http/a.ts',
    `import { b } from '../../strategies/b.js'`,
    /imports strategies from transports/,
  ],
  ['src/client/a.ts', `import { b } from '../publisher/b.js'`, /imports publisher from client/],
  ['src/client/a.ts', `import { b } from '../node/b.js'`, /imports node from client/],
  ['src/client/a.ts', `const b = import('../index.js')`, /imports \. from client/],
  ['src/core/a.ts', `type B = import('../client/b.js').B`, /imports client from core/],
  ['src/core/a.ts', `import { b } from './b'`, /relative imports end in \.js/],
  ['src/core/a.ts', `import { b } from '../../scripts/b.js'`, /outside src/],
  ['src/elsewhere/a.ts', `export {}`, /not a known layer/],
])('%s may not hold %s', (file, text, expected) => {
  expect(messages(file, text).join('\n')).toMatch(expected)
})

test.each([
  ['src/core/a.ts', `import fs from 'node:fs'`, /src\/core also runs in browsers/],
  ['src/transports/a.ts', `import fs from 'fs/promises'`, /src\/transports also runs in browsers/],
  ['src/node/a.ts', `import fs from 'fs'`, /write node:fs/],
  ['src/server/a.ts', `import { setTimeout as sleep } from 'node:timers/promises'`, /take a Clock/],
])('%s may not use Node by %s', (file, text, expected) => {
  expect(messages(file, text).join('\n')).toMatch(expected)
})

test.each([
  `const at = Date.now()`,
  `const at = globalThis.Date.now()`,
  `const at = new Date()`,
  `const draw = Math.random`,
  `const at = performance.now()`,
  `setTimeout(run, 10)`,
  `globalThis.setTimeout(run, 10)`,
  `const later = setTimeout`,
  `const timers = { setInterval }`,
  `console.log(1)`,
  `const signal = AbortSignal.timeout(10)`,
])('nothing but a port implementation says %s', text => {
  expect(problemsOf('src/client/a.ts', text)).toHaveLength(1)
  expect(problemsOf('src/server/a.ts', text)).toHaveLength(1)
})

test('what only looks like a use of the system is left alone', () => {
  const text = `
    // Date.now() and setTimeout in a comment
    const at = new Date(milliseconds)
    const words = 'Math.random()'
    interface Timers { setTimeout(run: () => void): void }
    timers.setTimeout(run)
    import { a } from '../core/a.js'
    import { b } from '../contracts/b.js'
  `
  expect(messages('src/client/a.ts', text)).toEqual([])
})

test('a problem is reported on its line', () => {
  expect(problemsOf('src/client/a.ts', `\n\nconst at = Date.now()\n`)[0]?.line).toBe(3)
})
