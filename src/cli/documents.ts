import { resolve } from 'node:path'
import { NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import type { Source } from '../contracts/source.js'
import { readJsonText } from '../core/json/json-text.js'
import { decodeText } from '../core/json/strict-parse.js'
import { configFile } from '../node/index.js'
import { refusing } from './exit.js'
import type { Io } from './io.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'

/** The source that a command line names: a JSON or YAML file, or `-` for JSON on stdin. */
export function sourceFor(io: Io, name: string): Source {
  const source = name === '-' ? stdinSource(io) : configFile(resolve(io.cwd, name))
  return { ...source, name: source.name, read: signal => refusing(() => source.read(signal)) }
}

function stdinSource({ stdin }: Io): Source {
  return {
    name: 'stdin',
    async read(signal): Promise<Json> {
      const chunks: Uint8Array[] = []
      let length = 0
      for await (const chunk of stdin) {
        signal.throwIfAborted()
        length += chunk.length
        if (length > 4 * MAX_SNAPSHOT_BYTES)
          throw new NoticeboardError('too-large', `stdin holds more than ${4 * MAX_SNAPSHOT_BYTES} bytes`)
        chunks.push(chunk)
      }
      return readJsonText(decodeText(Buffer.concat(chunks), 'stdin'), { what: 'stdin' })
    },
  }
}
