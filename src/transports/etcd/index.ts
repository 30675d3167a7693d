export type {
  EtcdClient,
  EtcdCondition,
  EtcdEntry,
  EtcdNews,
  EtcdOutcome,
  EtcdStep,
  EtcdTransaction,
  EtcdRevision,
} from './client.js'
export { etcd, type EtcdOptions, type EtcdStore } from './etcd.js'
export { etcdGateway, type EtcdGatewayOptions } from './gateway.js'
