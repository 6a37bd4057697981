/**
 * How a media connection fares, in figures, read from a browser's statistics. Pure. Browsers differ in what they tell
 * (Firefox counts no checks and no freezes): what is missing counts as nothing.
 */
import type { MediaFigures } from './protocol'

/** Counters since the connection began, and the newest of what isn't a counter. */
export interface Counters {
  atMs: number
  /** Grows with whatever the other side sends, a check or a report included: while it grows, the other side lives. */
  heard: number
  received: number
  lost: number
  receivedBytes: number
  sentBytes: number
  freezes: number
  /** Of what was sent, as the other side last said; 0 to 1. */
  lostOut: number
  roundTripMs: number | null
}

type Entry = Record<string, unknown> & { type: string }

export function countersOf(report: RTCStatsReport, nowMs: number): Counters {
  const found: Counters = {
    atMs: nowMs,
    heard: 0,
    received: 0,
    lost: 0,
    receivedBytes: 0,
    sentBytes: 0,
    freezes: 0,
    lostOut: 0,
    roundTripMs: null,
  }
  for (const entry of entriesOf(report)) add(found, entry)
  return found
}

/** How loud the captured voice is, as an amplitude from 0 to 1; null where a browser doesn't tell (Firefox). */
export function voiceLevelOf(report: RTCStatsReport): number | null {
  for (const entry of entriesOf(report)) {
    if (entry.type === 'media-source' && typeof entry.audioLevel === 'number') return entry.audioLevel
  }
  return null
}

/** What happened between two readings of one connection. */
export function figuresBetween(before: Counters, after: Counters): MediaFigures {
  const seconds = Math.max(0.1, (after.atMs - before.atMs) / 1000)
  const lost = Math.max(0, after.lost - before.lost)
  const all = lost + Math.max(0, after.received - before.received)
  const kbps = (bytes: number): number => Math.max(0, Math.round((bytes * 8) / 1000 / seconds))
  return {
    lost_in_permille: all === 0 ? 0 : Math.round((1000 * lost) / all),
    lost_out_permille: Math.round(1000 * Math.min(1, Math.max(0, after.lostOut))),
    round_trip_ms: after.roundTripMs === null ? null : Math.round(Math.min(after.roundTripMs, 60_000)),
    received_kbps: kbps(after.receivedBytes - before.receivedBytes),
    sent_kbps: kbps(after.sentBytes - before.sentBytes),
    freezes: Math.max(0, after.freezes - before.freezes),
  }
}

function entriesOf(report: RTCStatsReport): Iterable<Entry> {
  return (report as unknown as Map<string, Entry>).values()
}

function add(found: Counters, entry: Entry): void {
  switch (entry.type) {
    case 'inbound-rtp':
      found.received += number(entry.packetsReceived)
      found.lost += number(entry.packetsLost)
      found.receivedBytes += number(entry.bytesReceived)
      found.freezes += number(entry.freezeCount)
      found.heard += number(entry.packetsReceived)
      break
    case 'outbound-rtp':
      found.sentBytes += number(entry.bytesSent)
      break
    case 'remote-inbound-rtp':
      found.lostOut = Math.max(found.lostOut, number(entry.fractionLost))
      found.roundTripMs = newest(found.roundTripMs, entry.roundTripTime)
      break
    case 'candidate-pair':
      found.heard += number(entry.bytesReceived) + number(entry.requestsReceived) + number(entry.responsesReceived)
      if (entry.nominated === true) found.roundTripMs = newest(found.roundTripMs, entry.currentRoundTripTime)
      break
  }
}

function newest(knownMs: number | null, seconds: unknown): number | null {
  return typeof seconds === 'number' && seconds > 0 ? Math.max(knownMs ?? 0, seconds * 1000) : knownMs
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0
}
