/**
 * A page's media connection to the center. It is made when the page opens, not when somebody calls: a call then only starts
 * packets in sections that stand already. It re-makes itself for as long as it is open; retrying lives here and nowhere else.
 */
import { shallowReactive, shallowRef, type ShallowReactive, type ShallowRef } from 'vue'

import { Capture, type CaptureKind } from './capture'
import { prefer } from './priorities'
import type { TrackName, TrackOffer } from './protocol'
import { backOff } from './socket'

export type MediaState = 'connecting' | 'up' | 'down'

export type Streams = Partial<Record<TrackName, MediaStream>>

export interface MediaPlan {
  publish: readonly TrackName[]
  subscribe: readonly TrackName[]
  /** Carry the offer to the center and bring its answer. Rejecting means: try again a little later. */
  exchange: (sdp: string, tracks: TrackOffer[]) => Promise<string>
}

/** A short loss of packets mends itself; after this the connection is re-made. */
const DISCONNECTED_MS = 2000
/** From the offer to packets; measured 66 to 112 ms on a good line, 3.3 s with 5 % loss. */
const CONNECT_MS = 10_000

/** Voice alone is 50 packets a second. */
const VERIFY_MS = 700

export class MediaLeg {
  readonly state: ShallowRef<MediaState> = shallowRef('connecting')
  /** What comes in, one stream for each subscribed track; replaced when a new connection stands. */
  readonly streams: ShallowReactive<Streams> = shallowReactive<Streams>({})
  readonly capture: Capture

  private connection: RTCPeerConnection | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private failures = 0
  private closed = false
  private readonly leave = (): void => this.drop()
  private readonly comeBack = (event: PageTransitionEvent): void => {
    if (event.persisted) this.remake()
  }

  constructor(private readonly plan: MediaPlan) {
    const kinds = [...new Set(plan.publish.map(kindOf))]
    this.capture = new Capture(kinds, () => this.remake())
  }

  /** Ask for camera and microphone, then connect; without either it still connects, to see and hear. */
  async open(): Promise<void> {
    addEventListener('pagehide', this.leave)
    addEventListener('pageshow', this.comeBack)
    await this.capture.open()
    this.remake()
  }

  /** Connect anew at once, e.g. because the center said that the connection is gone. */
  remake(): void {
    this.drop()
    if (!this.closed) void this.connect()
  }

  /**
   * Something else went down and came back, so this connection may be dead, too, which a browser notices only after 5 to 8 s.
   * When no packet comes in for a moment, it is made anew; between calls none does, and then that disturbs nobody.
   */
  async verify(): Promise<void> {
    const connection = this.connection
    if (!connection || this.state.value !== 'up') return
    const before = await packetsReceived(connection)
    await new Promise((resolve) => setTimeout(resolve, VERIFY_MS))
    if (this.connection === connection && (await packetsReceived(connection)) === before) this.remake()
  }

  /** Let everything go. Closing twice is harmless. */
  close(): void {
    this.closed = true
    this.drop()
    this.capture.close()
    for (const track of this.plan.subscribe) delete this.streams[track]
    removeEventListener('pagehide', this.leave)
    removeEventListener('pageshow', this.comeBack)
  }

  private async connect(): Promise<void> {
    const connection = new RTCPeerConnection({ iceServers: [], bundlePolicy: 'max-bundle' })
    this.connection = connection
    this.state.value = this.failures === 0 ? 'connecting' : 'down'
    try {
      const sections = this.addSections(connection)
      connection.onconnectionstatechange = () => this.follow(connection)
      this.retryAfter(CONNECT_MS)
      const offer = await connection.createOffer()
      await connection.setLocalDescription(offer)
      const sdp = await this.plan.exchange(offer.sdp ?? '', sections.map(trackOffer))
      if (this.connection !== connection) return
      await connection.setRemoteDescription({ type: 'answer', sdp })
    } catch {
      // The reason is the exchange's to tell (a refused offer, a link that is down); here it only means "later".
      if (this.connection === connection) this.fail()
    }
  }

  /** The sections in the plan's order, publishing first; what can't be captured gets none, so that another peer may publish it. */
  private addSections(connection: RTCPeerConnection): Section[] {
    const sections: Section[] = []
    for (const track of this.plan.publish) {
      const source = this.capture[kindOf(track)].value
      if (!source) continue
      const transceiver = connection.addTransceiver(source, { direction: 'sendonly' })
      sections.push({ track, direction: 'publish', transceiver })
    }
    for (const track of this.plan.subscribe) {
      const transceiver = connection.addTransceiver(kindOf(track), { direction: 'recvonly' })
      if (kindOf(track) === 'video') playAtOnce(transceiver.receiver)
      sections.push({ track, direction: 'subscribe', transceiver })
    }
    for (const { track, transceiver } of sections) if (kindOf(track) === 'video') takeVp8(transceiver)
    for (const { track, direction, transceiver } of sections) if (direction === 'publish') void prefer(transceiver.sender, track)
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'connected') this.show(sections)
    })
    return sections
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
        break
      case 'disconnected':
        this.state.value = 'down'
        this.retryAfter(DISCONNECTED_MS)
        break
      case 'failed':
      case 'closed':
        this.fail()
        break
      default:
    }
  }

  private fail(): void {
    this.drop()
    this.retryAfter(backOff(this.failures++))
  }

  private retryAfter(delayMs: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.remake(), delayMs)
  }

  private drop(): void {
    clearTimeout(this.timer)
    this.state.value = 'down'
    const connection = this.connection
    this.connection = null
    if (!connection) return
    connection.onconnectionstatechange = null
    connection.close()
  }
}

interface Section extends Omit<TrackOffer, 'mid'> {
  transceiver: RTCRtpTransceiver
}

async function packetsReceived(connection: RTCPeerConnection): Promise<number> {
  let packets = 0
  for (const entry of (await connection.getStats()).values()) {
    if (entry.type === 'inbound-rtp') packets += (entry as RTCInboundRtpStreamStats).packetsReceived ?? 0
  }
  return packets
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
