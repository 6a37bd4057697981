/**
 * A page's media connection to the center. It is made when the page opens, not when somebody calls: a call then only starts
 * packets in sections that stand already. It re-makes itself for as long as it is open; retrying lives here and nowhere else.
 */
import { shallowReactive, shallowRef, type ShallowReactive, type ShallowRef } from 'vue'

import { Capture, type CaptureKind } from './capture'
import { countersOf, figuresBetween, voiceLevelOf, type Counters } from './figures'
import { prefer } from './priorities'
import type { MediaFigures, TrackName, TrackOffer } from './protocol'
import { backOff } from './socket'

export type MediaState = 'connecting' | 'up' | 'down'

export type Streams = Partial<Record<TrackName, MediaStream>>

export interface MediaPlan {
  publish: readonly TrackName[]
  subscribe: readonly TrackName[]
  /** Carry the offer to the center and bring its answer. Rejecting means: try again a little later. */
  exchange: (sdp: string, tracks: TrackOffer[]) => Promise<string>
  /**
   * Nobody else publishes these tracks, so they are offered before the camera is asked for; it joins when it is there.
   * Without this, what can't be captured is not offered, so that another peer may publish it.
   */
  early?: boolean
  /** The relays to be used for the next connection; a promise of them must settle soon. */
  relays?: () => RTCIceServer[] | Promise<RTCIceServer[]>
  /** Told every two seconds how a standing connection fares. */
  report?: (figures: MediaFigures) => void
}

const BUNDLE: RTCBundlePolicy = 'max-bundle'
/** From the offer to packets; measured 66 to 112 ms on a good line, 3.3 s with 5 % loss. */
const CONNECT_MS = 10_000
/** The center's checks come twice a second, voice 50 times. */
const VERIFY_MS = 700
const LOOK_MS = 500
/**
 * The center's checks come twice a second whether anybody talks or not; after so long without anything the connection
 * is dead. A browser by itself says `disconnected` after 5 to 8 s.
 */
const SILENT_MS = 3000
const REPORT_MS = 2000
/** The longest wait between two tries: what it costs, at the most, once the network is back. */
const LONGEST_WAIT_MS = 1000

export class MediaLeg {
  readonly state: ShallowRef<MediaState> = shallowRef('connecting')
  /** What comes in, one stream for each subscribed track; replaced when a new connection stands. */
  readonly streams: ShallowReactive<Streams> = shallowReactive<Streams>({})
  readonly capture: Capture

  private connection: RTCPeerConnection | null = null
  private prepared: Promise<Begun> | null = null
  private looking: ReturnType<typeof setInterval> | undefined
  private sending = new Map<TrackName, RTCRtpSender>()
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  /** Counts the connections, so that one that was overtaken while it was prepared is not made. */
  private turn = 0
  private resting = false
  private preferred: Promise<void> = Promise.resolve()
  private closed = false
  private readonly leave = (): void => this.drop()
  private readonly comeBack = (event: PageTransitionEvent): void => {
    if (event.persisted) this.remake()
  }

  constructor(private readonly plan: MediaPlan) {
    const kinds = [...new Set(plan.publish.map(kindOf))]
    this.capture = new Capture(kinds, () => (plan.early ? this.fill() : this.remake()))
  }

  /**
   * Ask for camera and microphone, and connect; without either it still connects, to see and hear. An early plan asks for them
   * when the center has answered: opening a camera keeps a browser busy for half a second.
   */
  async open(): Promise<void> {
    addEventListener('pagehide', this.leave)
    addEventListener('pageshow', this.comeBack)
    if (this.plan.early) await this.connect()
    if (this.closed) return
    await this.capture.open()
    if (this.plan.early) this.fill()
    else this.remake()
  }

  /** For an early plan: begin the first connection, as far as that goes without anybody's answer. `open` then takes less. */
  prepare(): void {
    this.prepared ??= this.begin()
    this.prepared.catch(() => {}) // `open` tells
  }

  /** Connect anew at once. */
  remake(): void {
    this.drop()
    if (!this.closed) void this.connect()
  }

  /**
   * The center said that the connection is gone. While none stands that is of the one before, which was closed here: heeding it
   * would close the one that is being made, of which the center then says the same.
   */
  lost(): void {
    if (this.state.value === 'up') this.fail()
  }

  /**
   * Something else went down and came back, so this connection may be dead, too, which a browser notices only after 5 to 8 s.
   * When nothing at all comes in for a moment, it is made anew at once; one that is down or on its way is, too.
   */
  async verify(): Promise<void> {
    const connection = this.connection
    if (this.closed) return
    if (!connection || this.state.value !== 'up') return this.remake()
    const before = await heard(connection)
    await new Promise((resolve) => setTimeout(resolve, VERIFY_MS))
    if (this.connection === connection && (await heard(connection)) === before) this.remake()
  }

  /** How loud the captured voice is, as an amplitude from 0 to 1; null when the browser doesn't tell, or not yet. */
  async voiceLevel(): Promise<number | null> {
    const voice = [...this.sending].find(([track]) => kindOf(track) === 'audio')?.[1]
    const report = await voice?.getStats().catch(() => undefined)
    return report ? voiceLevelOf(report) : null
  }

  /** Whether nobody sees this page's picture: then it hardly moves. */
  rest(resting: boolean): void {
    if (this.resting === resting) return
    this.resting = resting
    this.preferAll()
  }

  /** Let everything go. Closing twice is harmless. */
  close(): void {
    this.closed = true
    this.drop()
    this.prepared?.then(({ connection }) => connection.close()).catch(() => {})
    this.capture.close()
    for (const track of this.plan.subscribe) delete this.streams[track]
    removeEventListener('pagehide', this.leave)
    removeEventListener('pageshow', this.comeBack)
  }

  private async connect(): Promise<void> {
    const turn = ++this.turn
    this.state.value = this.failures === 0 ? 'connecting' : 'down'
    const begun = this.prepared ?? this.begin()
    this.prepared = null
    try {
      const [{ connection, sections, offer }, iceServers] = await Promise.all([begun, this.relays()])
      if (turn !== this.turn) return connection.close()
      this.connection = connection
      connection.onconnectionstatechange = () => this.follow(connection)
      this.retryAfter(CONNECT_MS)
      connection.setConfiguration({ iceServers, bundlePolicy: BUNDLE })
      await connection.setLocalDescription(offer)
      const sdp = await this.plan.exchange(offer.sdp ?? '', sections.map(trackOffer))
      if (turn !== this.turn) return
      await connection.setRemoteDescription({ type: 'answer', sdp })
    } catch {
      // The reason is the exchange's to tell (a refused offer, a link that is down); here it only means "later".
      if (turn === this.turn) this.fail()
    }
  }

  /** Without them it is tried all the same. */
  private async relays(): Promise<RTCIceServer[]> {
    try {
      return (await this.plan.relays?.()) ?? []
    } catch {
      return []
    }
  }

  /** What a connection needs of this page alone. */
  private async begin(): Promise<Begun> {
    const connection = new RTCPeerConnection({ bundlePolicy: BUNDLE })
    const sections = this.addSections(connection)
    return { connection, sections, offer: await connection.createOffer() }
  }

  /** The sections in the plan's order, publishing first; what can't be captured gets none, so that another peer may publish it. */
  private addSections(connection: RTCPeerConnection): Section[] {
    const sections: Section[] = []
    this.sending.clear()
    for (const track of this.plan.publish) {
      const kind = kindOf(track)
      const source = this.capture[kind].value
      if (!source && !this.plan.early) continue
      const transceiver = connection.addTransceiver(source ?? kind, { direction: 'sendonly' })
      this.sending.set(track, transceiver.sender)
      sections.push({ track, direction: 'publish', transceiver })
    }
    for (const track of this.plan.subscribe) {
      const transceiver = connection.addTransceiver(kindOf(track), { direction: 'recvonly' })
      if (kindOf(track) === 'video') playAtOnce(transceiver.receiver)
      sections.push({ track, direction: 'subscribe', transceiver })
    }
    for (const { track, transceiver } of sections) if (kindOf(track) === 'video') takeVp8(transceiver)
    this.preferAll()
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'connected') this.show(sections)
    })
    return sections
  }

  /** Put what is captured now into the sections that stand. */
  private fill(): void {
    for (const [track, sender] of this.sending) {
      const source = this.capture[kindOf(track)].value
      if (sender.track !== source) sender.replaceTrack(source).catch(() => {}) // the connection was closed meanwhile
    }
  }

  private preferAll(): void {
    for (const [track, sender] of this.sending) {
      this.preferred = this.preferred.then(() => prefer(sender, track, this.resting))
    }
  }

  private show(sections: Section[]): void {
    for (const { track, direction, transceiver } of sections) {
      if (direction === 'subscribe') this.streams[track] = new MediaStream([transceiver.receiver.track])
    }
  }

  private follow(connection: RTCPeerConnection): void {
    if (this.connection !== connection) return
    switch (connection.connectionState) {
      case 'connected':
        clearTimeout(this.timer)
        this.failures = 0
        this.state.value = 'up'
        this.attend(connection)
        break
      case 'disconnected': // it may mend itself; the silence tells whether it is dead
        this.state.value = 'down'
        break
      case 'failed':
      case 'closed':
        this.fail()
        break
      default:
    }
  }

  /** Follow a standing connection: report how it fares, and make it anew when the other side has fallen silent. */
  private attend(connection: RTCPeerConnection): void {
    clearInterval(this.looking)
    let last: Counters | null = null
    let reported: Counters | null = null
    let heardAtMs = performance.now()
    this.looking = setInterval(async () => {
      const now = countersOf(await connection.getStats(), performance.now())
      if (this.connection !== connection) return
      if (last === null || now.heard !== last.heard) heardAtMs = now.atMs
      last = now
      if (now.atMs - heardAtMs >= SILENT_MS) return this.remake()
      if (reported !== null && now.atMs - reported.atMs < REPORT_MS) return
      if (reported !== null) this.plan.report?.(figuresBetween(reported, now))
      reported = now
    }, LOOK_MS)
  }

  private fail(): void {
    this.drop()
    this.retryAfter(Math.min(LONGEST_WAIT_MS, backOff(this.failures++)))
  }

  private retryAfter(delayMs: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.remake(), delayMs)
  }

  private drop(): void {
    this.turn++
    clearTimeout(this.timer)
    clearInterval(this.looking)
    this.state.value = 'down'
    const connection = this.connection
    this.connection = null
    if (!connection) return
    connection.onconnectionstatechange = null
    connection.close()
  }
}

interface Begun {
  connection: RTCPeerConnection
  sections: Section[]
  offer: RTCSessionDescriptionInit
}

interface Section extends Omit<TrackOffer, 'mid'> {
  transceiver: RTCRtpTransceiver
}

async function heard(connection: RTCPeerConnection): Promise<number> {
  return countersOf(await connection.getStats(), performance.now()).heard
}

/** The mids are there once the local description is set. */
function trackOffer({ track, direction, transceiver }: Section): TrackOffer {
  return { mid: transceiver.mid ?? '', track, direction }
}

function kindOf(track: TrackName): CaptureKind {
  return track === 'voice' || track === 'clerk_voice' ? 'audio' : 'video'
}

/** The center forwards packets and never transcodes, so every video is VP8 (with its retransmissions). */
function takeVp8(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpReceiver.getCapabilities?.('video')?.codecs ?? []
  const vp8 = codecs.filter(({ mimeType }) => /^video\/(vp8|rtx)$/i.test(mimeType))
  if (vp8.some(({ mimeType }) => /vp8/i.test(mimeType))) transceiver.setCodecPreferences?.(vp8)
}

/** Conversation before smoothness: no frame waits in the buffer longer than it must. */
function playAtOnce(receiver: RTCRtpReceiver): void {
  if ('jitterBufferTarget' in receiver) (receiver as { jitterBufferTarget: number | null }).jitterBufferTarget = 0
}
