import { NoticeboardError, type ErrorCode } from '../../contracts/errors.js'
import type { CompleteStore } from '../../contracts/transport.js'
import { checkOptions } from '../../core/options.js'
import { decodeBase64, encodeBase64 } from '../../core/json/base64.js'
import type { Key, StoreEngine } from '../store/engine.js'
import { changedBy, prefixEnd } from '../store/keys.js'
import { engineNews } from '../store/news.js'
import { storeFrom, storeOptions, type StoreOptions } from '../store/store-from.js'
import { postgresDriver, type PostgresClient, type PostgresDriver } from './driver.js'

/** How a board in PostgreSQL is kept. */
export interface PostgresOptions extends StoreOptions {
  /**
   * The table, and the channel for notifications. `schema.table` is fine for the table. Default
   * `noticeboard`.
   */
  readonly table?: string
  /** Create the table when it is missing. Default false: run {@link postgresTable} yourself. */
  readonly createTable?: boolean
  /**
   * What an acknowledged write has to survive. With `single` a server that may lose one (`fsync` or
   * `synchronous_commit` off) is refused as `unsupported`; `may-lose` accepts it. Default `single`.
   */
  readonly durability?: 'single' | 'may-lose'
  /**
   * A client for notifications, where `client` goes through a pooler in transaction mode, which
   * drops them. Default: `client`.
   */
  readonly listenClient?: PostgresClient
}

/**
 * The SQL that creates the table, for whoever runs migrations by hand. Running it again is
 * harmless. Throws `invalid-option`.
 *
 * ```ts
 * await pool.query(postgresTable())
 * ```
 */
export function postgresTable(table = 'noticeboard'): string {
  assertTable(table)
  return `select pg_advisory_xact_lock(hashtext('noticeboard'));
create table if not exists ${table} (
  key text collate "C" primary key,
  value bytea not null,
  version bigint generated always as identity,
  expires_at timestamptz
);
create index if not exists ${indexOf(table)} on ${table} (expires_at) where expires_at is not null;`
}

/**
 * PostgreSQL 12 or later as the store. An insert on the primary key is the compare-and-swap, the
 * row is the truth, and LISTEN/NOTIFY only says where to look. Nothing is sent before the first
 * call. The client is the caller's, who closes it and listens to its errors. Throws
 * `invalid-option`.
 *
 * ```ts
 * const pool = new Pool({ connectionString, query_timeout: 10_000 })
 * const store = postgres(pool, { createTable: true })
 * ```
 */
export function postgres(client: PostgresClient, options: PostgresOptions = {}): CompleteStore {
  checkOptions('postgres()', options, {
    ...storeOptions,
    table: true,
    createTable: true,
    durability: true,
    listenClient: true,
  })
  const { table, createTable, durability, listenClient, ...rest } = options
  for (const one of [client, listenClient ?? client]) {
    if (typeof (one as { query?: unknown })?.query !== 'function' && !('unsafe' in one))
      throw new NoticeboardError(
        'invalid-option',
        'postgres() needs a client: new Pool() of the package pg, or postgres() of the package postgres',
      )
  }
  return storeFrom(
    postgresEngine(client, {
      table: table ?? 'noticeboard',
      createTable: createTable ?? false,
      durability: durability ?? 'single',
      listenClient: listenClient ?? client,
    }),
    rest,
  )
}

type EngineOptions = Required<Pick<PostgresOptions, 'table' | 'createTable' | 'durability' | 'listenClient'>>

/**
 * PostgreSQL as an engine: a batch is one statement, a version is a number that a row gets once.
 */
export function postgresEngine(client: PostgresClient, options: EngineOptions): StoreEngine {
  const { table, createTable, durability, listenClient } = options
  assertTable(table)
  const channel = table
  const driver = postgresDriver(client)
  const { listen } = postgresDriver(listenClient)

  const query: PostgresDriver['query'] = async (text, values) => {
    try {
      return await driver.query(text, values)
    } catch (error) {
      const state = stateOf(error)
      if (state === '42P01' && createTable) {
        // At first, and again after the database was set up anew.
        await driver.query(postgresTable(table))
        return driver.query(text, values)
      }
      const refusal = REFUSALS[state]
      if (refusal === undefined) throw error
      const [code, message] = refusal
      throw new NoticeboardError(code, `${message} (table ${table}, SQLSTATE ${state})`, { cause: error })
    }
  }

  return {
    name: 'postgres',
    durability,
    atomic: 'batch',

    async open() {
      const [server = {}] = await query(SETTINGS)
      if (server['replica'] === 'true')
        throw new NoticeboardError(
          'forbidden',
          'this PostgreSQL is a replica, which takes no writes; connect to its primary',
        )
      const problems = ['fsync', 'synchronous_commit', 'full_page_writes'].filter(
        name => server[name] === 'off',
      )
      if (problems.length === 0) return { durability: server['standbys'] === '' ? 'single' : 'replicated' }
      if (durability === 'may-lose') return { durability }
      throw new NoticeboardError(
        'unsupported',
        `this PostgreSQL can lose releases that it acknowledged: ${problems.map(name => `${name} is off`).join(', ')}. Set it to on, or allow it with \`durability: 'may-lose'\``,
      )
    },

    async read(keys) {
      const rows = await query(
        `select key, encode(value, 'base64') as value, version::text as version from ${table}
         where key = any(array(select json_array_elements_text($1::text::json)))`,
        [JSON.stringify(keys)],
      )
      const entries = new Map(rows.map(({ key, value = '', version = '' }) => [key, { value, version }]))
      return keys.map(key => {
        const entry = entries.get(key)
        return entry && { value: decodeBase64(entry.value), version: entry.version }
      })
    },

    async write(batch) {
      const put = batch.put.map(({ key, value, expiresInMs }) => ({
        key,
        value: encodeBase64(value),
        ms: expiresInMs,
      }))
      try {
        const [row] = await query(writeSql(table), [JSON.stringify({ ...batch, put })])
        if (row?.['ok'] !== 'true') return 'refused'
      } catch (error) {
        // Another writer inserted the same key, or was given way to; nothing was written.
        if (FIRST.has(stateOf(error))) return 'refused'
        throw error
      }
      const changed = changedBy(batch)
      // Apart from the write: NOTIFY holds a lock of the whole database while its transaction
      // commits. What is lost of it is found by the next check of each watch.
      if (changed !== undefined) await query('select pg_notify($1, $2)', [channel, changed]).catch(() => {})
      return 'written'
    },

    async list({ prefix, before, limit }) {
      const rows = await query(
        `select key from ${table} where key >= $1 and key < $2 order by key desc limit $3::text::int`,
        [prefix, before ?? prefixEnd(prefix), String(limit)],
      )
      return rows.map(({ key = '' }): Key => key)
    },

    listen: signal => engineNews(sink => listen(channel, sink), signal),

    async now() {
      const [row] = await query('select (extract(epoch from clock_timestamp()) * 1000)::text as ms')
      return Number(row?.['ms'])
    },
  }
}

const SETTINGS = `select pg_is_in_recovery()::text as replica,
  current_setting('fsync') as fsync,
  current_setting('full_page_writes') as full_page_writes,
  current_setting('synchronous_commit') as synchronous_commit,
  case when current_setting('synchronous_commit') in ('on', 'remote_write', 'remote_apply')
    then current_setting('synchronous_standby_names') else '' end as standbys`

/**
 * A whole batch in one statement, so that it is one transaction through any pooler. The rows that
 * conditions name are locked first. One that is inserted meanwhile is not seen by `held`: then the
 * plain insert of `made` hits the primary key, and the statement fails as a whole.
 */
const writeSql = (table: string): string => `with
batch as (select $1::text::json as j),
conditions as (
  select c.* from batch, json_to_recordset(j->'if') as c(type text, key text, version text)),
puts as (
  select p.key, decode(p.value, 'base64') as value, now() + p.ms * interval '1 millisecond' as expires_at
  from batch, json_to_recordset(j->'put') as p(key text, value text, ms float8) order by p.key),
held as (
  select t.key, t.version::text as version from ${table} t
  where t.key = any(array(select key from conditions)) order by t.key for update),
outcome as (
  select coalesce(bool_and(case c.type
    when 'absent' then h.key is null
    when 'present' then h.key is not null
    else coalesce(h.version = c.version, false) end), true) as ok
  from conditions c left join held h on h.key = c.key),
gone as (
  delete from ${table} t using outcome, batch
  where ok and t.key in (select json_array_elements_text(j->'remove') from batch)),
purged as (
  delete from ${table} where key in (
    select key from ${table}
    where expires_at < now() and key not in (select key from puts)
      and exists (select from puts where expires_at is not null)
    limit 1000 for update skip locked)),
made as (
  insert into ${table} (key, value, expires_at)
  select p.key, p.value, p.expires_at from puts p, outcome
  where ok and p.key in (select key from conditions where type = 'absent')),
kept as (
  insert into ${table} (key, value, expires_at)
  select p.key, p.value, p.expires_at from puts p, outcome
  where ok and p.key not in (select key from conditions where type = 'absent')
  on conflict (key) do update
  set value = excluded.value, version = default, expires_at = excluded.expires_at)
select ok::text as ok from outcome`

/** Another writer was first: unique_violation, serialization_failure, deadlock_detected. */
const FIRST: ReadonlySet<string> = new Set(['23505', '40001', '40P01'])

/** SQLSTATEs of refusals, and what they mean here. Others are loss: trying again later is right. */
const REFUSALS: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  '28000': ['unauthorized', 'PostgreSQL does not accept the credentials'],
  '28P01': ['unauthorized', 'PostgreSQL does not accept the credentials'],
  '42501': [
    'unauthorized',
    'this user of PostgreSQL lacks a privilege; grant it select, insert, update and delete on the table',
  ],
  '25006': ['forbidden', 'this PostgreSQL is read-only; connect to its primary'],
  '42P01': ['forbidden', 'the table is missing; run the SQL of postgresTable(), or set `createTable`'],
  '53100': ['forbidden', 'the disk of this PostgreSQL is full'],
  '54000': ['too-large', 'the value is larger than PostgreSQL takes; make the document smaller'],
}

function stateOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}

function assertTable(table: string): void {
  if (!/^[a-z_][a-z0-9_]{0,40}(\.[a-z_][a-z0-9_]{0,40})?$/.test(table))
    throw new NoticeboardError(
      'invalid-option',
      '`table` must be a name of lower-case letters, digits and "_", or `schema.table`',
    )
}

function indexOf(table: string): string {
  return `${table.slice(table.indexOf('.') + 1)}_expires_at`
}
