export { fakeClient, type FakeClient } from './fake-client.js'
export { seededRandom, virtualClock, type VirtualClock, type VirtualClockOptions } from './virtual-clock.js'
