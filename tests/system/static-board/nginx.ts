import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdPort } from '../../support/held-port.js'
import { pathOf } from './programs.js'

/** A request as nginx wrote it into its own access log. */
export interface LoggedRequest {
  readonly method: string
  readonly path: string
  readonly status: number
  /** Whether it named what it has already. */
  readonly conditional: boolean
  /** How many bytes of body it sent. */
  readonly bytes: number
  /** The same with the head of its answer. */
  readonly bytesWithHead: number
}

/** An nginx of this test, which serves one folder. */
export interface Nginx extends AsyncDisposable {
  readonly url: string
  /** Its access log, oldest first. */
  log(): Promise<readonly LoggedRequest[]>
}

const operations = new URL('../../../docs/operations.md', import.meta.url)

/**
 * Serves a folder with the configuration that docs/operations.md recommends, letter by letter but
 * for port and folder. As root it reads as `www-data`, which Debian's nginx does: what is served
 * must be readable for others.
 */
export async function nginx(folder: string): Promise<Nginx> {
  const own = await mkdtemp(join(tmpdir(), 'noticeboard-nginx-'))
  await chmod(own, 0o755)
  const { port, release } = await holdPort()
  await writeFile(join(own, 'nginx.conf'), configuration({ own, port, folder }))
  const program = pathOf('nginx') ?? 'nginx'
  const child = spawn(program, ['-e', join(own, 'error.log'), '-c', join(own, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const gone = once(child, 'exit')
  // A test run that is stopped must not leave a server behind.
  const last = (): void => void child.kill('SIGTERM')
  process.once('exit', last)

  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await gone
    process.off('exit', last)
    await release()
    await rm(own, { recursive: true, force: true })
  }
  for (let left = 500; !(await answers(url)); left -= 1) {
    if (child.exitCode !== null || left === 0) {
      await stop()
      throw new Error(`nginx did not come up: ${said}`)
    }
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  return {
    url,
    async log() {
      const lines = (await readFile(join(own, 'access.log'), 'utf8')).split('\n').slice(0, -1)
      return lines.map(readLine).filter(({ path }) => path.startsWith('/v1/'))
    },
    [Symbol.asyncDispose]: stop,
  }
}

function configuration({ own, port, folder }: { own: string; port: number; folder: string }): string {
  const servers = readFileSync(operations, 'utf8').matchAll(/```nginx\n(server \{[\s\S]*?\n\})\n```/g)
  // Another one of that page passes requests on, and serves no folder.
  const server = [...servers].map(([, text = '']) => text).find(text => /^ *root /m.test(text))
  if (server === undefined) throw new Error('docs/operations.md has no server block for nginx any more')
  const adapted = server
    .replace(/^( *listen) .*;$/m, `$1 127.0.0.1:${port};`)
    .replace(/^( *root) .*;$/m, `$1 ${folder};`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `
daemon off;
${process.getuid?.() === 0 ? 'user www-data;' : ''}
worker_processes 1;
pid ${own}/nginx.pid;
error_log ${own}/error.log;
events { worker_connections 256; }
http {
  include /etc/nginx/mime.types;
  log_format requests '$request_method $request_uri $status "$http_if_none_match" $body_bytes_sent $bytes_sent';
  access_log ${own}/access.log requests;
  ${temporary.map(name => `${name}_temp_path ${own}/${name};`).join('\n  ')}
${adapted}
}
`
}

function readLine(line: string): LoggedRequest {
  const [method = '', path = '', status = '', tag = ''] = line.split(' ')
  const [bytes = Number.NaN, bytesWithHead = Number.NaN] = line.split(' ').slice(-2).map(Number)
  const conditional = tag !== '""' && tag !== '"-"'
  return { method, path, status: Number(status), conditional, bytes, bytesWithHead }
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer()
    return true
  } catch {
    // It is not listening yet.
    return false
  }
}
