import { NoticeboardError } from '../../contracts/errors.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { decodeBase64, encodeBase64 } from '../../core/json/base64.js'
import type { EtcdCondition, EtcdEntry, EtcdOutcome, EtcdStep, EtcdTransaction } from './client.js'

/**
 * The messages of etcd's JSON gateway: bytes in base64, 64-bit numbers as texts, nothing for what
 * is empty.
 */
export interface KeyValueMessage {
  readonly key?: string
  readonly value?: string
  readonly mod_revision?: string
}

interface TransactionAnswer {
  readonly header?: { readonly revision?: string }
  readonly succeeded?: boolean
  readonly responses?: readonly { readonly response_range?: { readonly kvs?: readonly KeyValueMessage[] } }[]
}

export function transactionBody({ conditions = [], steps, otherwise = [] }: EtcdTransaction): unknown {
  return {
    compare: conditions.map(compareOf),
    success: steps.map(requestOf),
    failure: otherwise.map(requestOf),
  }
}

export function outcomeOf(answer: unknown): EtcdOutcome {
  const { header, succeeded = false, responses = [] } = answer as TransactionAnswer
  if (typeof header?.revision !== 'string')
    throw new NoticeboardError(
      'unavailable',
      'the answer is not one of etcd; check the address, and what stands in between',
    )
  return {
    revision: header.revision,
    succeeded,
    found: responses.map(({ response_range: range }) => (range?.kvs ?? []).map(entryOf)),
  }
}

export const lease = {
  body: ({ ttlSeconds }: { readonly ttlSeconds: number }): unknown => ({ TTL: String(ttlSeconds) }),
  idOf(answer: unknown): string {
    const { ID: id } = answer as { readonly ID?: unknown }
    if (typeof id !== 'string')
      throw new NoticeboardError(
        'unavailable',
        'the answer is not one of etcd; check the address, and what stands in between',
      )
    return id
  },
}

export function entryOf({
  key = '',
  value = '',
  mod_revision: modRevision = '0',
}: KeyValueMessage): EtcdEntry {
  return { key: decodeText(decodeBase64(key), 'a key of etcd'), value: decodeBase64(value), modRevision }
}

/** A key, or any text, as messages carry it. */
export function textOf(text: string): string {
  return encodeBase64(encodeText(text))
}

function compareOf(condition: EtcdCondition): unknown {
  const key = textOf(condition.key)
  switch (condition.type) {
    case 'missing':
      return { key, target: 'CREATE', result: 'EQUAL', create_revision: '0' }
    case 'exists':
      return { key, target: 'CREATE', result: 'GREATER', create_revision: '0' }
    case 'written-at':
      return { key, target: 'MOD', result: 'EQUAL', mod_revision: condition.revision }
  }
}

function requestOf(step: EtcdStep): unknown {
  const key = textOf(step.key)
  switch (step.type) {
    case 'put':
      return {
        request_put: {
          key,
          value: encodeBase64(step.value),
          ...(step.lease !== undefined && { lease: step.lease }),
        },
      }
    case 'delete':
      return { request_delete_range: { key } }
    case 'range': {
      const { end, limit, descending = false, keysOnly = false } = step
      return {
        request_range: {
          key,
          ...(end !== undefined && { range_end: textOf(end) }),
          ...(limit !== undefined && { limit: String(limit) }),
          ...(descending && { sort_order: 'DESCEND', sort_target: 'KEY' }),
          ...(keysOnly && { keys_only: true }),
        },
      }
    }
  }
}
