/** The few facts that a client asks of the process it runs in; nothing of it exists in a browser. */
export interface Platform {
  /** The value of an environment variable. */
  environment(name: string): string | undefined
  /** All names that start with a prefix. */
  environmentNames(prefix: string): readonly string[]
  /** The name of this machine. */
  hostName(): string | undefined
  /** A file's bytes. Throws the system's error. */
  readFile(path: string): Uint8Array | undefined
}

/** The process this runs in, asked without an import that a browser bundle could not resolve. */
export const systemPlatform: Platform = {
  environment: name => globalThis.process?.env?.[name],
  environmentNames: prefix =>
    Object.keys(globalThis.process?.env ?? {}).filter(name => name.startsWith(prefix)),
  hostName: () => globalThis.process?.getBuiltinModule?.('node:os').hostname() || undefined,
  readFile: path => globalThis.process?.getBuiltinModule?.('node:fs').readFileSync(path),
}
