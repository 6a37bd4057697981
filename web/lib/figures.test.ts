import { expect, test } from 'vitest'

import { countersOf, figuresBetween } from './figures'

const report = (...entries: Record<string, unknown>[]): RTCStatsReport =>
  new Map(entries.map((entry, i) => [String(i), entry])) as unknown as RTCStatsReport

test('loss, round trip and rates are those since the last reading', () => {
  const before = countersOf(
    report({ type: 'inbound-rtp', packetsReceived: 100, packetsLost: 50, bytesReceived: 1000 }),
    1000,
  )
  const after = countersOf(
    report(
      { type: 'inbound-rtp', packetsReceived: 180, packetsLost: 70, bytesReceived: 26_000, freezeCount: 1 },
      { type: 'outbound-rtp', bytesSent: 50_000 },
      { type: 'remote-inbound-rtp', fractionLost: 0.05, roundTripTime: 0.12 },
      { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.08, requestsReceived: 4 },
    ),
    3000,
  )
  expect(figuresBetween(before, after)).toEqual({
    lost_in_permille: 200,
    lost_out_permille: 50,
    round_trip_ms: 120,
    received_kbps: 100,
    sent_kbps: 200,
    freezes: 1,
  })
})

test('whatever is missing, negative or not a number counts as nothing', () => {
  const before = countersOf(report({ type: 'inbound-rtp', packetsReceived: 10, packetsLost: 5 }), 0)
  const after = countersOf(report({ type: 'inbound-rtp', packetsReceived: Number.NaN, packetsLost: -1 }, { type: 'x' }), 0)
  expect(figuresBetween(before, after)).toEqual({
    lost_in_permille: 0,
    lost_out_permille: 0,
    round_trip_ms: null,
    received_kbps: 0,
    sent_kbps: 0,
    freezes: 0,
  })
})
