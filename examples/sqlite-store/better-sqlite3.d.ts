/** What the example calls of better-sqlite3, which is installed in this folder only. */
declare module 'better-sqlite3' {
  export default class Database {
    constructor(path: string, options?: { readonly?: boolean; timeout?: number })
    exec(sql: string): unknown
    prepare(sql: string): {
      run(...values: unknown[]): unknown
      get(...values: unknown[]): unknown
      all(...values: unknown[]): unknown[]
    }
    pragma(text: string, options?: { simple: boolean }): unknown
    transaction<T>(work: () => T): { immediate(): T }
    close(): void
  }
}
