import type { Digest, Namespace } from '../../contracts/names.js'
import type { HeardReports } from '../../contracts/report.js'
import type {
  Mirror,
  NoticeTransport,
  ReportTransport,
  Store,
  Transport,
  WatchTransport,
} from '../../contracts/transport.js'
import type { StoreEngine } from '../../transports/store/engine.js'
import type { SampleRelease } from './fixture.js'

/** Hooks that transports, stores and mirrors may offer. */
export interface OpenedHooks {
  /** Ends what `open` started. Called once, after the case, however it went. */
  close(): Promise<void>
  /**
   * Loses the connection to what is behind it: calls from now on, and watches that are open, fail.
   * Resolves to what brings it back. Stopping a server, destroying sockets and refusing new ones,
   * unmounting: whatever loss looks like.
   */
  cut?(): Promise<{
    /** Brings the connection back. */
    heal(): Promise<void>
  }>
  /**
   * Lets what is behind it go silent: connections live on and may still be made, and nothing is
   * answered over any of them. Resolves to what lets it answer again. Stopping a process
   * (`SIGSTOP`), or a proxy that holds back what it is given.
   */
  freeze?(): Promise<{
    /** Lets it answer again. */
    thaw(): Promise<void>
  }>
  /**
   * Lets notifications get lost while everything else works: a subscription that the server has
   * forgotten, a connection that the driver lost and made anew, a proxy that drops them. Watches
   * that are open are concerned, and later ones may be.
   */
  silence?(): Promise<void>
}

/** A transport, opened for one case and empty. */
export interface OpenedTransport extends OpenedHooks {
  readonly transport: Transport & Partial<WatchTransport & ReportTransport>
  /**
   * Makes a release the newest one, by whatever way releases get there. Transports of bare
   * documents publish its `document`.
   */
  publish(sample: SampleRelease): Promise<void>
  /** What the receiver heard of a namespace, as a store answers it. */
  heard?(query: { readonly namespace: Namespace }): Promise<HeardReports>
  /** Makes the origin send a mark. */
  mark?(query: { readonly namespace: Namespace; readonly bytes: Uint8Array }): Promise<void>
}

/** A store, opened for one case and empty. */
export interface OpenedStore extends OpenedHooks {
  readonly store: Store & Partial<WatchTransport & ReportTransport>
  /** A second handle on the same store, as another publisher has it. Closed by `close`. */
  another?(): Promise<Store>
  /**
   * Ends the store without warning (kills its process, drops its memory) and opens what it kept: a
   * new handle, closed by `close`.
   */
  reopen?(): Promise<Store>
  /** Changes the bytes that are kept of a snapshot, behind the store's back. */
  damage?(query: { readonly namespace: Namespace; readonly digest: Digest }): Promise<void>
  /** Makes a snapshot look as if it was written long ago, where the store removes only old ones. */
  age?(query: { readonly namespace: Namespace; readonly digest: Digest }): Promise<void>
  /** A handle on the same store that may not write: without credentials, or with wrong ones. */
  stranger?(): Promise<Store>
  /** Makes the origin send a mark. */
  mark?(query: { readonly namespace: Namespace; readonly bytes: Uint8Array }): Promise<void>
}

/** What only notifies, opened for one case; nothing was published yet. */
export interface OpenedNotices extends OpenedHooks {
  readonly notify: NoticeTransport
  /** Tells of a release, by whatever way notices get there. It may be lost on the way. */
  publish(sample: SampleRelease): Promise<void>
}

/** A mirror, and a transport that reads what it was given; opened for one case and empty. */
export interface OpenedMirror extends OpenedHooks {
  readonly mirror: Mirror
  readonly transport: Transport & Partial<WatchTransport & ReportTransport>
  /** Changes the bytes that are kept of a snapshot, behind the mirror's back. */
  damage?(query: { readonly namespace: Namespace; readonly digest: Digest }): Promise<void>
  /** A handle on the same mirror that may not write. */
  stranger?(): Promise<Mirror>
}

/** An engine of `storeFrom`, opened for one case and empty. */
export interface OpenedEngine extends Pick<OpenedHooks, 'close'> {
  readonly engine: StoreEngine
  /** A second engine over the same database, as another process has it. Closed by `close`. */
  another?(): Promise<StoreEngine>
  /**
   * Ends the engine without warning (kills its database, drops its memory) and opens what was kept:
   * a new engine, closed by `close`.
   */
  reopen?(): Promise<StoreEngine>
}
