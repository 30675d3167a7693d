import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from '../../../scripts/entry-points.js'

/**
 * What npm's `workerd` says: where its program is, and the newest compatibility date that it knows.
 */
const { default: program, compatibilityDate } = ((): {
  readonly default: string
  readonly compatibilityDate: string
} => {
  try {
    return createRequire(import.meta.url)('workerd')
  } catch {
    // There is none for this machine.
    return { default: '', compatibilityDate: '' }
  }
})()

export const newestDate: string = compatibilityDate

/**
 * Why no worker can run here; undefined when one can. Where nothing may be skipped, that is a
 * failure.
 */
export function missingWorkerd(): string | undefined {
  if (program !== '' && spawnSync(program, ['--version']).status === 0) return undefined
  const how =
    "npm's workerd does not run on this machine; it needs 64-bit Linux with glibc 2.35, macOS 13.5 or Windows"
  if (process.env['NOTICEBOARD_NO_SKIP'] === '1') throw new Error(how)
  process.stderr.write(`skipped: ${how}\n`)
  return how
}

/** Cloudflare's runtime with one worker in it. */
export interface Workerd {
  readonly url: string
  close(): Promise<void>
}

export interface WorkerdOptions {
  /** The worker's file. */
  readonly file: string
  readonly compatibilityDate: string
  readonly flags?: readonly string[]
  /** What the bundle finds in `globalThis`. */
  readonly globals: Readonly<Record<string, unknown>>
}

/** Bundles a worker as Cloudflare's own tools do, and serves it on a port of its own. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const { file, flags = [], globals } = options
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-workerd-'))
  await build({
    entryPoints: [file],
    outfile: join(folder, 'worker.js'),
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    alias: {
      '#default-deltas': join(root, 'src/deltas/no-deltas.ts'),
      '#pin-file': join(root, 'src/client/state/no-pin-file.ts'),
    },
    target: 'es2022',
    define: Object.fromEntries(
      Object.entries(globals).map(([name, value]) => [`globalThis.${name}`, JSON.stringify(value)]),
    ),
    logLevel: 'silent',
  })
  writeFileSync(
    join(folder, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "${options.compatibilityDate}",
  compatibilityFlags = [${flags.map(flag => `"${flag}"`).join(', ')}],
);
`,
  )
  const child = spawn(program, ['serve', join(folder, 'config.capnp'), '--control-fd=3'], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let said = ''
  const keep = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-2_000))
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const gone = once(child, 'exit')
  const last = (): void => void child.kill('SIGKILL')
  process.once('exit', last)
  const close = async (): Promise<void> => {
    process.off('exit', last)
    last()
    await gone
    rmSync(folder, { recursive: true, force: true })
  }
  const port = await Promise.race([
    portOf(child.stdio[3] as NodeJS.ReadableStream),
    gone.then(() => undefined),
  ])
  if (port === undefined) {
    await close()
    throw new Error(`workerd did not come up: ${said}`)
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

/** The port that it says it listens on. */
async function portOf(control: NodeJS.ReadableStream): Promise<string | undefined> {
  let text = ''
  for await (const chunk of control) {
    text += String(chunk)
    const port = /"port"\s*:\s*(\d+)/.exec(text)?.[1]
    if (port !== undefined) return port
  }
  return undefined
}
