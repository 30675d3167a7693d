import { expect, test } from 'vitest'
import { problemsBetween, problemsOf } from '../../../scripts/check-imports.js'

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
  [
    'src/client/a.ts',
    `import { b } from '../strategies/b.js'`,
    /imports strategies from client; client may import contracts, core, async, system/,
  ],
  ['src/client/a.ts', `import type { b } from '../transports/b.js'`, /imports transports from client/],
  ['src/server/a.ts', `import { b } from '../strategies/b.js'`, /imports strategies from server/],
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
  `const signal = AbortSignal.any([own, other])`,
  `const first = await Promise.race([work, late])`,
  `signal.addEventListener('abort', stop)`,
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

test('nothing but src/async listens to a signal by itself', () => {
  const text = `signal.addEventListener('abort', stop)`
  expect(problemsOf('src/async/a.ts', text)).toEqual([])
  expect(messages('src/system/a.ts', text).join('\n')).toMatch(/use onAbort/)
})

/** What is wrong with the circles of files that hold nothing but their imports. */
const circles = (files: Readonly<Record<string, string>>) =>
  problemsBetween(new Map(Object.entries(files))).filter(({ message }) => message.includes('circle'))

test('files that import each other by types alone are a circle, and its message names them', () => {
  expect(
    circles({
      'src/core/a.ts': `import type { B } from './b.js'`,
      'src/core/b.ts': `export type { C } from './deep/c.js'`,
      'src/core/deep/c.ts': `export type A = import('../a.js').A`,
      'src/core/d.ts': `import { a } from './a.js'`,
    }),
  ).toEqual([
    {
      file: 'src/core/a.ts',
      line: 1,
      message: expect.stringContaining(
        'src/core/a.ts -> src/core/b.ts -> src/core/deep/c.ts -> src/core/a.ts',
      ) as string,
    },
  ])
})

test('files that share a file, or import in a line, are no circle', () => {
  expect(
    circles({
      'src/core/a.ts': `import { b } from './b.js'; import { c } from './c.js'`,
      'src/core/b.ts': `import { c } from './c.js'; import 'node:fs'`,
      'src/core/c.ts': ``,
    }),
  ).toEqual([])
})

test('of files that are knotted together one circle is told, and of two knots two', () => {
  expect(
    circles({
      'src/core/a.ts': `import './b.js'; import './c.js'`,
      'src/core/b.ts': `import './a.js'`,
      'src/core/c.ts': `import './a.js'`,
      'src/core/x.ts': `import './x.js'`,
    }).map(({ file }) => file),
  ).toEqual(['src/core/a.ts', 'src/core/x.ts'])
})

test('a permission that no file needs is told', () => {
  const unused = problemsBetween(new Map([['src/core/a.ts', `import type { B } from '../contracts/b.js'`]]))
  const told = unused.map(({ message }) => message).join('\n')
  expect(told).toMatch(/permits async to import contracts, which no file does/)
  expect(told).not.toMatch(/permits core to import contracts/)
})

test('a problem is reported on its line', () => {
  expect(problemsOf('src/client/a.ts', `\n\nconst at = Date.now()\n`)[0]?.line).toBe(3)
})
