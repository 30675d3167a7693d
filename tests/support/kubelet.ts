import { mkdir, mkdtemp, readdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * The steps of a kubelet that writes a volume anew, in its order
 * (kubernetes/pkg/volume/util/atomic_writer.go).
 */
export const KUBELET_STEPS = [
  'the new folder is there',
  'a file of it is written',
  'all files of it are written',
  '..data_tmp leads to it',
  '..data leads to it',
  'new keys are visible',
  'old keys are gone',
  'a file of the old folder is removed',
  'the old folder is removed',
] as const

export type KubeletStep = (typeof KUBELET_STEPS)[number]

/** A volume as it was mounted, and what brings changes to it. */
export interface FakeKubelet {
  /** Writes all values anew, and says each step when it is done. */
  write(
    values: Readonly<Record<string, string | Uint8Array>>,
    step?: (done: KubeletStep) => unknown,
  ): Promise<void>
}

/**
 * Mounts a volume at a folder as a kubelet does: a folder for each generation, `..data` that leads
 * to the newest, and a link for each key through it. Values that have not changed are left alone.
 */
export function fakeKubelet(folder: string): FakeKubelet {
  let generation = 0
  /** The values that stand there, in one text. */
  let last: string | undefined
  const textOf = (value: string | Uint8Array): string => Buffer.from(value as Uint8Array).toString('base64')

  return {
    async write(values, step = () => {}) {
      const text = JSON.stringify(Object.entries(values).map(([key, value]) => [key, textOf(value)]))
      if (text === last) return
      const old = await readlink(join(folder, '..data')).catch(() => undefined)
      generation += 1
      const at = new Date(Date.UTC(2026, 10, 26, 12, 0, generation)).toISOString().slice(0, 19)
      const made = await mkdtemp(join(folder, `..${at.replaceAll(/[-T:]/g, '_')}.`))
      const name = made.slice(folder.length + 1)
      await step('the new folder is there')
      for (const [index, [key, value]] of Object.entries(values).entries()) {
        await writeFile(join(made, key), value, { mode: 0o644 })
        if (index === 0) await step('a file of it is written')
      }
      await step('all files of it are written')
      await symlink(name, join(folder, '..data_tmp'))
      await step('..data_tmp leads to it')
      await rename(join(folder, '..data_tmp'), join(folder, '..data'))
      await step('..data leads to it')
      const visible = new Set(await readdir(folder))
      for (const key of Object.keys(values))
        if (!visible.has(key)) await symlink(join('..data', key), join(folder, key))
      await step('new keys are visible')
      for (const key of visible) if (!key.startsWith('..') && !(key in values)) await rm(join(folder, key))
      await step('old keys are gone')
      if (old !== undefined) {
        const [first] = await readdir(join(folder, old))
        if (first !== undefined) await rm(join(folder, old, first))
        await step('a file of the old folder is removed')
        await rm(join(folder, old), { recursive: true })
        await step('the old folder is removed')
      }
      last = text
    },
  }
}

/** The mountPath of a container: a folder that the kubelet fills. */
export async function mountPoint(parent: string): Promise<string> {
  const folder = join(parent, 'etc-config')
  await mkdir(folder)
  return folder
}
