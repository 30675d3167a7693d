/**
 * What portable code may find around it, and may not count on: each is there under Node and absent
 * in browsers. Only `tsconfig.portable.json` reads this file; everywhere else Node's own types
 * hold.
 */
declare var process:
  | undefined
  | {
      readonly env?: Readonly<Record<string, string | undefined>>
      getBuiltinModule?(name: 'node:crypto'): {
        createHash(algorithm: string): { update(bytes: Uint8Array): { digest(): Uint8Array } }
      }
      getBuiltinModule?(name: 'node:os'): undefined | { hostname(): string }
      getBuiltinModule?(name: 'node:zlib'): undefined | object
      getBuiltinModule?(name: 'node:fs'): undefined | { readFileSync(path: string): Uint8Array }
    }

declare var setImmediate: undefined | ((callback: (nothing: void) => void) => unknown)
