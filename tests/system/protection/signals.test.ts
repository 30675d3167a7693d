import { beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { permanentFolder } from '../../support/board-kit.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { startChild } from '../../support/processes/child.js'
import type { SignalledCommand } from '../../support/processes/signalled.js'

let script = ''
beforeAll(async () => {
  script = await bundleChild('signalled-child', await permanentFolder())
})

/** Starts a program, tells it to end once its clients are open, and resolves to how it ended. */
async function ended(
  command: Omit<SignalledCommand, 'state'>,
  { onTestFinished }: TestContext,
): Promise<object> {
  const child = startChild(script)
  onTestFinished(child.kill)
  await child.ready
  const opened = new Promise<void>(resolve => {
    child.onLine(line => {
      if (line === 'open') resolve()
    })
  })
  child.start({ ...command, state: await permanentFolder() })
  await Promise.race([opened, child.ended])
  child.end()
  return child.ended
}

describe.concurrent('SIGTERM', () => {
  test.for(
    (['once', 'on', 'prependOnceListener'] as const).flatMap(listens =>
      (['before-client', 'after-ready'] as const).flatMap(from =>
        [1, 2].map(clients => ({ listens, from, clients })),
      ),
    ),
  )(
    'is left to the program that listens by $listens from $from, clients: $clients',
    { timeout: 30_000 },
    async (command, context) => {
      expect(await ended(command, context)).toEqual({ lines: ['open', 'closed'], code: 7, signal: null })
    },
  )

  test.for([
    { clients: 1, copies: false },
    { clients: 2, copies: false },
    { clients: 2, copies: true },
  ])(
    'ends a program that does not listen, clients: $clients, of two copies of the library: $copies',
    { timeout: 30_000 },
    async (command, context) => {
      expect(await ended({ ...command, from: 'before-client' }, context)).toEqual({
        lines: ['open'],
        code: null,
        signal: 'SIGTERM',
      })
    },
  )

  test.for(['once', 'on'] as const)(
    'is left to the program that listens by %s, with two copies of the library',
    { timeout: 30_000 },
    async (listens, context) => {
      const command = { listens, from: 'before-client', clients: 2, copies: true } as const
      expect(await ended(command, context)).toEqual({ lines: ['open', 'closed'], code: 7, signal: null })
    },
  )
})
