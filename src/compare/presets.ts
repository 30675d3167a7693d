import type { WorkloadInput } from './workload.js'

/** What a preset is for, and its workload. */
export interface Preset {
  readonly name: string
  readonly text: string
  readonly workload: WorkloadInput
}

/** Fleets to begin with, when one's own figures are not at hand. */
export const presets: readonly Preset[] = [
  {
    name: 'data-centre',
    text: '1,000 servers in one data centre',
    workload: {
      clients: 1_000,
      documentBytes: 20_480,
      changesPerDay: 20,
      deadlines: { killSwitchMs: 10_000, routineMs: 300_000 },
      offlineShare: 0.005,
      restartsPerDay: 1,
      network: {
        rttMs: 1,
        halfOpenPerClientDay: 0.01,
        idleTimeoutMs: 3_600_000,
        serverMbps: 10_000,
        clientMbps: 10_000,
      },
    },
  },
  {
    name: 'large-fleet',
    text: '15,000 hosts in several data centres',
    workload: {
      clients: 15_000,
      documentBytes: 51_200,
      changesPerDay: 60,
      deadlines: { killSwitchMs: 30_000, routineMs: 300_000 },
      offlineShare: 0.02,
      restartsPerDay: 1,
      network: {
        rttMs: 40,
        halfOpenPerClientDay: 0.05,
        idleTimeoutMs: 350_000,
        serverMbps: 10_000,
        clientMbps: 1_000,
      },
      servers: 3,
    },
  },
  {
    name: 'containers',
    text: '2,000 autoscaled containers that come and go, without disks',
    workload: {
      clients: 2_000,
      documentBytes: 20_480,
      changesPerDay: 30,
      deadlines: { killSwitchMs: 15_000, routineMs: 120_000 },
      offlineShare: 0,
      restartsPerDay: 12,
      keepsState: false,
      network: { rttMs: 2, halfOpenPerClientDay: 0.05, idleTimeoutMs: 350_000, clientMbps: 1_000 },
      servers: 2,
    },
  },
  {
    name: 'iot',
    text: '20,000 devices behind mobile networks',
    workload: {
      clients: 20_000,
      documentBytes: 4_096,
      changesPerDay: 2,
      deadlines: { killSwitchMs: 600_000, routineMs: 3_600_000 },
      offlineShare: 0.15,
      restartsPerDay: 0.2,
      network: { rttMs: 150, halfOpenPerClientDay: 8, idleTimeoutMs: 120_000, clientMbps: 1 },
      servers: 2,
    },
  },
  {
    name: 'browsers',
    text: '10,000 open pages',
    workload: {
      clients: 10_000,
      documentBytes: 8_192,
      changesPerDay: 10,
      deadlines: { killSwitchMs: 60_000, routineMs: 600_000 },
      offlineShare: 0.05,
      restartsPerDay: 8,
      keepsState: false,
      network: { rttMs: 60, halfOpenPerClientDay: 3, idleTimeoutMs: 100_000, clientMbps: 20 },
      servers: 2,
    },
  },
  {
    name: 'functions',
    text: '500 instances of functions that live for minutes',
    workload: {
      clients: 500,
      documentBytes: 8_192,
      changesPerDay: 10,
      deadlines: { killSwitchMs: 60_000, routineMs: 300_000 },
      offlineShare: 0,
      restartsPerDay: 200,
      keepsState: false,
      network: { rttMs: 5, halfOpenPerClientDay: 1, idleTimeoutMs: 60_000 },
    },
  },
]
