export { fileStore, type FileStore, type FileStoreOptions } from './board/file-store.js'
export type { ProcessTag } from './disk/process-tag.js'
export { nodeFs, type NodeFsOptions } from './disk/node-fs.js'
export { tokenFolder, type TokenFolder, type TokenFolderOptions } from './access/token-folder.js'
export { stateFolder, type StateFolderOptions } from './state/state-folder.js'
export { jsonFile } from './sources/json-file.js'
export { yamlFile } from './sources/yaml-file.js'
export { configFile } from './sources/config-file.js'
export type { FileSourceOptions } from './sources/file-source.js'
export { mountedBoard, type MountedBoardOptions } from './mount/mounted-board.js'
export {
  boardManifest,
  configMapMirror,
  manifestYaml,
  type ApplyManifest,
  type BoardContent,
  type BoardManifest,
  type BoardManifestOptions,
  type ConfigMapMirror,
  type ConfigMapMirrorOptions,
  type FollowedStore,
} from '../kubernetes/index.js'
