import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { storeCases, type OpenedStore } from '../../../../src/testing/conformance/index.js'
import { PATIENT, runCases } from '../../../support/run-cases.js'

async function open(): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-kit-'))
  const handles: FileStore[] = []
  const handle = async (): Promise<FileStore> => {
    const store = fileStore(folder, { pollIntervalMs: 50 })
    handles.push(store)
    return store
  }
  const snapshot = (namespace: string, digest: string): string =>
    join(folder, 'public/v1', namespace, `snapshots/${digest}.json`)
  return {
    store: await handle(),
    another: handle,
    // A handle that is not closed is as a process that ended: nothing but the folder counts.
    reopen: handle,
    damage: ({ namespace, digest }) => writeFile(snapshot(namespace, digest), '{'),
    age: ({ namespace, digest }) => utimes(snapshot(namespace, digest), 1, 1),
    async close() {
      for (const store of handles) await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

runCases(
  'fileStore()',
  storeCases(open, {
    ...PATIENT,
    without: {
      cut: 'a folder has no connection to lose',
      freeze: 'a disk that does not answer cannot be aborted',
      silence: 'a folder does not notify; it is looked at',
      stranger: 'who may write is decided by the modes of the folder',
      marks: 'it sends none; strategies ask by themselves',
      inline: 'it sends no snapshots along; they are in the same folder',
    },
  }),
)
