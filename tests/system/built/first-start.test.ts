import { rename } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { workspace } from './workspace.js'

/** An address at which nobody listens. */
async function silentUrl(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

const start = (url: string, options: string): string => `
import { createClient, http, pull } from 'noticeboard'
import * as z from 'zod'

const config = createClient({
  namespace: 'checkout/prod',
  schema: z.object({ pool: z.object({ size: z.number().int().min(1) }) }),
  strategy: pull(http('${url}')),
  ${options}
})
try {
  await config.ready({ timeoutMs: 300 })
  console.log(config.current.pool.size, config.status, config.running.origin)
} catch (error) {
  console.log(error.code)
}
`

test('a program whose first act is to wait for a server that is down comes to its defaults, and ends by itself', async () => {
  await using user = await workspace()
  await user.write('main.mjs', start(await silentUrl(), 'defaults: { pool: { size: 10 } }'))
  expect(await user.run([process.execPath, 'main.mjs'])).toEqual({
    code: 0,
    stdout: '10 stale defaults\n',
    stderr: '',
  })
})

test('without defaults it is told that there is nothing, and does not just stop', async () => {
  await using user = await workspace()
  await user.write('main.mjs', start(await silentUrl(), ''))
  expect(await user.run([process.execPath, 'main.mjs'])).toEqual({
    code: 0,
    stdout: 'not-ready\n',
    stderr: '',
  })
})

test('a mounted file is followed when it is replaced, without any error, by ES modules and CommonJS', async () => {
  for (const kind of ['mjs', 'cjs'] as const) {
    await using user = await workspace()
    await user.write('config.yaml', 'pool:\n  size: 5\n')
    const names = {
      noticeboard: 'createClient, hybrid',
      'noticeboard/node': 'yamlFile',
      'noticeboard/transports/source': 'fromSource',
    }
    const load = Object.entries(names).map(([from, what]) =>
      kind === 'mjs' ? `import { ${what} } from '${from}'` : `const { ${what} } = require('${from}')`,
    )
    const zod = kind === 'mjs' ? `import * as z from 'zod'` : `const z = require('zod')`
    await user.write(
      `main.${kind}`,
      `
${load.join('\n')}
${zod}
const schema = z.object({ pool: z.object({ size: z.number() }) })
const config = createClient({ namespace: 'checkout/prod', schema, strategy: hybrid(fromSource(yamlFile('config.yaml', { pollIntervalMs: 50 }))) })
config.on('error', ({ code }) => console.log('error', code))
const alive = setInterval(() => {}, 1_000)
void config.ready().then(() => config.select(({ pool }) => pool.size).subscribe(size => console.log('size', size)))
process.once('SIGTERM', () => void config.close().then(() => clearInterval(alive)))
`,
    )
    let replaced = 5
    const { code, stdout, stderr } = await user.run([process.execPath, `main.${kind}`], {
      until: said => said.includes('size 8'),
      onOutput(said) {
        if (replaced >= 8 || !said.includes(`size ${replaced}`)) return
        replaced += 1
        void user
          .write('next.yaml', `pool:\n  size: ${replaced}\n`)
          .then(() => rename(join(user.folder, 'next.yaml'), join(user.folder, 'config.yaml')))
      },
    })
    expect({ kind, code, stdout, stderr }).toEqual({
      kind,
      code: 0,
      stdout: 'size 5\nsize 6\nsize 7\nsize 8\n',
      stderr: '',
    })
  }
})
