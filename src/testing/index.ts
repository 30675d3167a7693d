export {
  mirrorCases,
  storeCases,
  transportCases,
  type Capability,
  type ConformanceCase,
  type ConformanceOptions,
  type ConformanceHook,
  type OpenedMirror,
  type OpenedStore,
  type OpenedTransport,
  type SampleRelease,
  type SampleSnapshot,
} from './conformance/index.js'
export { fakeClient, type FakeClient } from './fake-client.js'
export { seededRandom, virtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.js'
