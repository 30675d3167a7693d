import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startServer } from '../../support/engines/server-process.js'
import { holdPort } from '../../support/held-port.js'
import { pathOf } from '../static-board/programs.js'

/** How a proxy treats what passes through it. */
export interface ProxySettings {
  /** After how much silence it closes a connection. */
  readonly timeoutMs: number
  /** Whether it gathers answers although the server asks it not to. */
  readonly gathers?: boolean
}

type Configuration = (
  place: { readonly own: string; readonly port: number; readonly upstream: string },
  settings: ProxySettings,
) => string

/** An nginx in front of a server, gone with the test. Resolves to its address. */
export function nginxProxy(url: string, settings: ProxySettings): Promise<string> {
  return proxy('nginx', url, nginxConfiguration, settings)
}

/** An haproxy in front of a server, gone with the test. Resolves to its address. */
export function haproxyProxy(url: string, settings: ProxySettings): Promise<string> {
  return proxy('haproxy', url, haproxyConfiguration, settings)
}

/** An nginx as docs/operations.md configures it, letter by letter but for the two ports. */
export function nginxOfPage(url: string): Promise<string> {
  const pageConfiguration: Configuration = ({ own, port, upstream }) =>
    nginxFrame(own, onPage('nginx', { from: 'listen 80;', to: `listen 127.0.0.1:${port};`, upstream }))
  return proxy('nginx', url, pageConfiguration, { timeoutMs: 0 })
}

/** The same with haproxy. */
export function haproxyOfPage(url: string): Promise<string> {
  const pageConfiguration: Configuration = ({ port, upstream }) =>
    onPage('haproxy', { from: 'bind :80', to: `bind 127.0.0.1:${port}`, upstream })
  return proxy('haproxy', url, pageConfiguration, { timeoutMs: 0 })
}

const UPSTREAM = '127.0.0.1:4600'

/** The configuration of the page that passes requests on to a server, with other ports. */
function onPage(
  language: 'nginx' | 'haproxy',
  { from, to, upstream }: { readonly from: string; readonly to: string; readonly upstream: string },
): string {
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))
  const found = [...blocks].map(([, text = '']) => text).find(text => text.includes(UPSTREAM))
  if (found?.includes(from) !== true)
    throw new Error(`docs/operations.md has no ${language} any more that passes requests on`)
  return found.replace(from, to).replace(UPSTREAM, upstream)
}

async function proxy(
  program: 'nginx' | 'haproxy',
  url: string,
  configuration: Configuration,
  settings: ProxySettings,
): Promise<string> {
  const own = await mkdtemp(join(tmpdir(), `noticeboard-${program}-`))
  onTestFinished(() => rm(own, { recursive: true, force: true }))
  const { port, release } = await holdPort()
  onTestFinished(release)
  const file = join(own, `${program}.conf`)
  await writeFile(file, configuration({ own, port, upstream: new URL(url).host }, settings))
  const args = program === 'nginx' ? ['-e', join(own, 'error.log'), '-c', file] : ['-db', '-f', file]
  const address = `http://127.0.0.1:${port}`
  const running = await startServer(pathOf(program) ?? program, args, async () => {
    await (await fetch(address)).arrayBuffer()
    return true
  })
  onTestFinished(() => running.kill())
  return address
}

const nginxConfiguration: Configuration = ({ own, port, upstream }, { timeoutMs, gathers = false }) =>
  nginxFrame(
    own,
    `
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://${upstream};
      proxy_read_timeout ${timeoutMs}ms;
      ${gathers ? 'proxy_ignore_headers X-Accel-Buffering;' : ''}
    }
  }
`,
  )

/** What an nginx of a test needs around its server. */
const nginxFrame = (own: string, server: string): string => `
daemon off;
master_process off;
pid ${own}/nginx.pid;
error_log ${own}/error.log;
events { worker_connections 256; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${own}/${name};`).join('\n  ')}
${server}
}
`

const haproxyConfiguration: Configuration = ({ port, upstream }, { timeoutMs }) => `
defaults
  mode http
  timeout connect 5s
  timeout client ${timeoutMs}ms
  timeout server ${timeoutMs}ms
frontend in
  bind 127.0.0.1:${port}
  default_backend board
backend board
  server one ${upstream}
`
