import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { runCommand } from './run-command.js'

const workspace = inject('workspace')
const project = (name: string) => join(workspace, 'projects', name)
const node = process.execPath

test('an ES module imports every entry point and runs a client', async () => {
  const result = await runCommand([node, 'main.js'], { cwd: project('esm') })
  expect(result).toEqual({ code: 0, stdout: 'esm works\n', stderr: '' })
})

test('a CommonJS module requires every entry point and runs a client, where require() knows no ES modules', async () => {
  const flags = process.allowedNodeEnvironmentFlags.has('--experimental-require-module')
    ? ['--no-experimental-require-module']
    : []
  const result = await runCommand([node, ...flags, 'main.js'], { cwd: project('commonjs') })
  expect(result).toEqual({ code: 0, stdout: 'commonjs works\n', stderr: '' })
})

test.each([
  ['a service', 'jest', 5],
  ['the Express service of the examples', 'express-service', 3],
])('Jest 30 runs the tests of %s without any configuration for the package', async (_what, name, passed) => {
  const jest = join(workspace, 'node_modules/jest/bin/jest.js')
  const result = await runCommand([node, jest, '--ci', '--json', '--rootDir', project(name)], {
    cwd: project(name),
  })
  const report = result.stdout.startsWith('{') ? JSON.parse(result.stdout) : undefined
  expect(
    { code: result.code, passed: report?.numPassedTests, failed: report?.numFailedTests },
    result.stderr,
  ).toEqual({ code: 0, passed, failed: 0 })
})

test('the command line runs from the installed package', async () => {
  const bin = join(workspace, 'node_modules/.bin/noticeboard')
  const help = await runCommand([bin, '--help'], { cwd: workspace })
  expect(help.code, help.stderr).toBe(0)
  expect(help.stdout).toContain('publish')
  const demo = await runCommand([bin, 'demo', '--help'], { cwd: workspace })
  expect(demo.code, demo.stderr).toBe(0)
  expect(demo.stdout).toContain('--break')
  const unknown = await runCommand([bin, 'frobnicate'], { cwd: workspace })
  expect({ code: unknown.code, stdout: unknown.stdout }).toEqual({ code: 2, stdout: '' })
  expect(unknown.stderr).toContain('frobnicate')
})
