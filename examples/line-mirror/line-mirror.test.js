// The kit, run with vitest here; docs/writing-a-transport.md shows it with node:test as well.
import { mirrorCases } from 'noticeboard/testing'
import { describe, test } from 'vitest'
import { boardServer } from './board-server.mjs'
import { lineMirror } from './line-mirror.mjs'

const token = 'a-token'

async function open() {
  const server = await boardServer({ token })
  const { port } = server
  return {
    mirror: lineMirror({ port, token }),
    transport: lineMirror({ port }),
    /** @param {{ namespace: string, digest: string }} query */
    async damage({ namespace, digest }) {
      server.snapshots.set(`${namespace} ${digest}`, '{')
    },
    stranger: async () => lineMirror({ port, token: 'wrong' }),
    close: () => server.close(),
  }
}

const without = {
  cut: 'this server forgets everything when it ends; tried in the project’s own tests',
  freeze: 'tried in the project’s own tests, through a proxy that holds back what it is given',
  silence: 'the transport looks at nothing by itself; strategies ask once a heartbeat',
  next: 'a mirror keeps no log',
  inline: 'the protocol sends no snapshots along',
  marks: 'the protocol has none; strategies ask once a heartbeat',
  report: 'the protocol carries no reports',
}

describe('lineMirror()', () => {
  for (const { name, skip, run } of mirrorCases(open, { without })) {
    if (skip === undefined) test(name, run, 60_000)
    else test.skip(`${name} (${skip})`)
  }
})
