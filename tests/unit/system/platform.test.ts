import { expect, test, vi } from 'vitest'
import { systemPlatform } from '../../../src/system/system.js'

/** Asks with another set of Node's modules around. */
function withModules<Result>(modules: Record<string, unknown>, ask: () => Result): Result {
  const spy = vi
    .spyOn(process, 'getBuiltinModule')
    .mockImplementation((name: string) => modules[name] as never)
  try {
    return ask()
  } finally {
    spy.mockRestore()
  }
}

test("a machine's name is none where all have the same one, and where nothing can say it", () => {
  const named = (hostname: string) => ({ 'node:os': { hostname: () => hostname } })
  expect(withModules(named('pod-7'), systemPlatform.hostName)).toBe('pod-7')
  expect(withModules(named('localhost'), systemPlatform.hostName)).toBeUndefined()
  expect(withModules(named(''), systemPlatform.hostName)).toBeUndefined()
  expect(withModules({}, systemPlatform.hostName)).toBeUndefined()
  expect(withModules({}, () => systemPlatform.readFile('/etc/hostname'))).toBeUndefined()
})
