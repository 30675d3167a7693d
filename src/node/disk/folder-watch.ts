import { watch } from 'node:fs'

/**
 * Tells of changes of a folder's entries until it is stopped; may tell too often and may miss some,
 * so that whoever uses it polls too. `lost` is called once when the system cannot or can no longer
 * tell.
 */
export type FolderWatch = (folder: string, changed: () => void, lost: () => void) => () => void

/** The system's notifications (inotify, FSEvents). Does not keep a process alive. */
export const nodeFolderWatch: FolderWatch = (folder, changed, lost) => {
  try {
    const watcher = watch(folder, { persistent: false }, () => changed())
    watcher.on('error', () => {
      watcher.close()
      lost()
    })
    return () => watcher.close()
  } catch {
    // No such folder, no room for another watch, or a file system without notifications.
    lost()
    return () => {}
  }
}
