export type { PgClient, PgNotification, PgPool, PostgresClient, PostgresSql } from './driver.js'
export { postgres, postgresTable, type PostgresOptions } from './postgres.js'
