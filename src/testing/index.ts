export {
  engineCases,
  mirrorCases,
  noticeCases,
  storeCases,
  transportCases,
  type Capability,
  type ConformanceCase,
  type ConformanceOptions,
  type ConformanceHook,
  type OpenedEngine,
  type OpenedMirror,
  type OpenedNotices,
  type OpenedStore,
  type OpenedTransport,
  type SampleRelease,
  type SampleSnapshot,
} from './conformance/index.js'
export { fakeClient, type FakeClient } from './fake-client.js'
export { seededRandom } from '../sim/seeded-random.js'
export { virtualClock, type VirtualClock, type VirtualClockOptions } from '../sim/virtual-clock.js'
