import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { MediaLeg } from './media'
import { RESTING_FPS } from './priorities'
import type { MediaFigures, TrackOffer } from './protocol'

/** A peer connection whose states the test sets; it keeps what was added to it. */
class FakeConnection extends EventTarget {
  static made: FakeConnection[] = []
  connectionState = 'new'
  onconnectionstatechange: (() => void) | null = null
  answer: string | null = null
  closed = false
  added: {
    mid: string | null
    direction: string
    kind: string
    codecs: string[]
    sent: { kind: string } | null
    sender: { parameters: { encodings: { maxFramerate?: number }[] } }
  }[] = []

  constructor(public configuration: RTCConfiguration) {
    super()
    FakeConnection.made.push(this)
  }

  addTransceiver(source: string | { kind: string }, { direction }: { direction: string }): unknown {
    const kind = typeof source === 'string' ? source : source.kind
    const section = {
      mid: null as string | null,
      direction,
      kind,
      codecs: [] as string[],
      sent: typeof source === 'string' ? null : source,
      sender: {
        track: typeof source === 'string' ? null : source,
        parameters: { encodings: [{}] as { maxFramerate?: number }[] },
        getParameters: (): object => section.sender.parameters,
        setParameters: async () => undefined,
        replaceTrack: async (track: { kind: string } | null) => void (section.sent = section.sender.track = track),
      },
      receiver: { track: { kind }, jitterBufferTarget: null as number | null },
      setCodecPreferences: (codecs: { mimeType: string }[]) => (section.codecs = codecs.map((codec) => codec.mimeType)),
    }
    this.added.push(section)
    return section
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration
  }

  async createOffer(): Promise<{ sdp: string }> {
    return { sdp: 'an offer' }
  }

  async setLocalDescription(): Promise<void> {
    this.added.forEach((section, i) => (section.mid = String(i)))
  }

  async setRemoteDescription({ sdp }: { sdp: string }): Promise<void> {
    this.answer = sdp
  }

  packets = 0

  async getStats(): Promise<Map<string, unknown>> {
    return new Map([['in', { type: 'inbound-rtp', packetsReceived: this.packets }]])
  }

  close(): void {
    this.closed = true
  }

  become(state: string): void {
    this.connectionState = state
    this.onconnectionstatechange?.()
    this.dispatchEvent(new Event('connectionstatechange'))
  }
}

class FakeStream {
  constructor(readonly tracks: { kind: string }[]) {}
  getTracks(): { kind: string }[] {
    return this.tracks
  }
}

const last = (): FakeConnection => FakeConnection.made.at(-1)!
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)
/** Which kinds of device are plugged in. */
let plugged: string[] = []
let devices: EventTarget
let offers: TrackOffer[][] = []
let exchange: (sdp: string, tracks: TrackOffer[]) => Promise<string>

/** A captured track, whose copies are scaled at once. */
function trackOf(kind: string): { kind: string } {
  const track = { kind, enabled: true, onended: null, stop: () => {}, applyConstraints: async () => {} }
  return Object.assign(track, { clone: () => trackOf(kind) })
}

beforeEach(() => {
  vi.useFakeTimers()
  FakeConnection.made = []
  plugged = ['video', 'audio']
  offers = []
  exchange = async (_sdp, tracks) => {
    offers.push(tracks)
    return 'an answer'
  }
  devices = Object.assign(new EventTarget(), {
    getUserMedia: async (wanted: Record<string, unknown>) => {
      const kinds = Object.keys(wanted)
      if (kinds.some((kind) => !plugged.includes(kind))) throw new DOMException('none', 'NotFoundError')
      return new FakeStream(kinds.map(trackOf))
    },
  })
  vi.stubGlobal('RTCPeerConnection', FakeConnection)
  vi.stubGlobal('RTCRtpReceiver', {
    getCapabilities: () => ({ codecs: ['video/H264', 'video/VP8', 'video/rtx'].map((mimeType) => ({ mimeType })) }),
  })
  vi.stubGlobal('MediaStream', FakeStream)
  vi.stubGlobal('navigator', { mediaDevices: devices })
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('removeEventListener', () => {})
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function opened(): Promise<MediaLeg> {
  const leg = new MediaLeg({
    publish: ['clerk_face', 'clerk_voice'],
    subscribe: ['face', 'voice', 'document'],
    exchange: (sdp, tracks) => exchange(sdp, tracks),
  })
  await leg.open()
  await settle()
  return leg
}

test('the offer names every section in the fixed order, without STUN servers', async () => {
  await opened()
  expect(last().configuration).toEqual({ iceServers: [], bundlePolicy: 'max-bundle' })
  expect(offers[0]).toEqual([
    { mid: '0', track: 'clerk_face', direction: 'publish' },
    { mid: '1', track: 'clerk_voice', direction: 'publish' },
    { mid: '2', track: 'face', direction: 'subscribe' },
    { mid: '3', track: 'voice', direction: 'subscribe' },
    { mid: '4', track: 'document', direction: 'subscribe' },
  ])
  expect(last().answer).toBe('an answer')
})

test('videos are VP8 and sound is left as it is', async () => {
  await opened()
  expect(last().added.map(({ codecs }) => codecs)).toEqual([
    ['video/VP8', 'video/rtx'],
    [],
    ['video/VP8', 'video/rtx'],
    [],
    ['video/VP8', 'video/rtx'],
  ])
})

test('streams are there once the connection stands', async () => {
  const leg = await opened()
  expect(leg.streams.face).toBeUndefined()
  last().become('connected')
  expect(leg.state.value).toBe('up')
  expect(Object.keys(leg.streams)).toEqual(['face', 'voice', 'document'])
})

test('without a camera it publishes the voice alone, says so, and still sees', async () => {
  plugged = ['audio']
  const leg = await opened()
  expect(leg.capture.problems.value).toEqual({ video: 'absent' })
  expect(offers[0]?.map(({ track }) => track)).toEqual(['clerk_voice', 'face', 'voice', 'document'])
  expect(FakeConnection.made).toHaveLength(1)
})

test('a camera that is plugged in later joins by a new connection', async () => {
  plugged = []
  const leg = await opened()
  plugged = ['video', 'audio']
  devices.dispatchEvent(new Event('devicechange'))
  await settle()
  expect(offers.at(-1)?.map(({ track }) => track)).toContain('clerk_face')
  expect(leg.capture.problems.value).toEqual({})
})

/** Time passes while the center's checks come. */
async function hearing(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    last().packets += 1
    await vi.advanceTimersByTimeAsync(500)
  }
}

test('a short disconnection mends itself, and silence makes a new connection within four seconds', async () => {
  const leg = await opened()
  last().become('connected')
  await hearing(5000)
  last().become('disconnected')
  expect(leg.state.value).toBe('down')
  await vi.advanceTimersByTimeAsync(1500)
  last().become('connected')
  await hearing(5000)
  expect(FakeConnection.made).toHaveLength(1)

  await vi.advanceTimersByTimeAsync(4000)
  expect(FakeConnection.made).toHaveLength(2)
  expect(FakeConnection.made[0]?.closed).toBe(true)
})

test('what a standing connection carries is reported every two seconds', async () => {
  const reports: MediaFigures[] = []
  const leg = new MediaLeg({ publish: [], subscribe: ['face'], exchange, report: (figures) => reports.push(figures) })
  await leg.open()
  await settle()
  last().become('connected')
  await hearing(6000)
  expect(reports.length).toBeGreaterThanOrEqual(2)
  expect(reports[0]).toMatchObject({ lost_in_permille: 0, round_trip_ms: null, freezes: 0 })
  leg.close()
})

test('a leg that alone publishes offers before the camera is there, and fills the section in afterwards', async () => {
  plugged = ['audio']
  const leg = new MediaLeg({
    publish: ['clerk_face', 'clerk_voice'],
    subscribe: ['face'],
    exchange: (sdp, tracks) => exchange(sdp, tracks),
    early: true,
  })
  let answer = (_sdp: string): void => {}
  exchange = (_sdp, tracks) => {
    offers.push(tracks)
    return new Promise((resolve) => (answer = resolve))
  }
  const asking = vi.spyOn(devices as MediaDevices, 'getUserMedia')
  const opening = leg.open()
  await settle()
  expect(FakeConnection.made).toHaveLength(1)
  expect(asking).not.toHaveBeenCalled()
  answer('an answer')
  await opening
  await settle()
  expect(offers[0]?.map(({ track }) => track)).toEqual(['clerk_face', 'clerk_voice', 'face'])
  expect(last().added.map(({ sent }) => sent?.kind)).toEqual([undefined, 'audio', undefined])
  plugged = ['video', 'audio']
  devices.dispatchEvent(new Event('devicechange'))
  await settle()
  expect(last().added.map(({ sent }) => sent?.kind)).toEqual(['video', 'audio', undefined])
  expect(FakeConnection.made).toHaveLength(1)
})

test('a picture that nobody sees rests until somebody does, on every connection that is made', async () => {
  const pace = (): (number | undefined)[] =>
    last().added.slice(0, 2).map(({ sender }) => sender.parameters.encodings[0]?.maxFramerate)
  const leg = await opened()
  expect(pace()).toEqual([undefined, undefined])
  leg.rest(true)
  await settle()
  expect(pace()).toEqual([RESTING_FPS, undefined])
  leg.remake()
  await settle()
  expect(pace()).toEqual([RESTING_FPS, undefined])
  leg.rest(false)
  await settle()
  expect(pace()).toEqual([undefined, undefined])
})

test('relays are asked for before each connection', async () => {
  const relays = [[], [{ urls: ['turn:relay'] }]]
  const leg = new MediaLeg({ publish: [], subscribe: ['face'], exchange, relays: async () => relays.shift() ?? [] })
  await leg.open()
  await settle()
  leg.remake()
  await settle()
  expect(FakeConnection.made.map(({ configuration }) => configuration.iceServers)).toEqual([
    [],
    [{ urls: ['turn:relay'] }],
  ])
})

test('a failed connection is made anew, and the old pictures stay until it stands', async () => {
  const leg = await opened()
  last().become('connected')
  const before = leg.streams.face
  last().become('failed')
  await vi.advanceTimersByTimeAsync(400)
  expect(FakeConnection.made).toHaveLength(2)
  expect(leg.streams.face).toBe(before)
  last().become('connected')
  expect(leg.streams.face).not.toBe(before)
})

test('the center\'s word of a lost connection makes the one anew that stands, and leaves alone one that is being made', async () => {
  const leg = await opened()
  last().become('connected')
  leg.lost()
  await vi.advanceTimersByTimeAsync(1000)
  expect([FakeConnection.made.length, FakeConnection.made[0]?.closed]).toEqual([2, true])
  leg.lost() // of the first, which was closed here: the word comes late on a long line
  await vi.advanceTimersByTimeAsync(5000)
  last().become('connected')
  expect([FakeConnection.made.length, leg.state.value]).toEqual([2, 'up'])
})

test('an exchange that fails is tried again about every second', async () => {
  let tries = 0
  exchange = async () => {
    tries += 1
    throw new Error('the center is away')
  }
  await opened()
  await vi.advanceTimersByTimeAsync(10_000)
  const afterTen = tries
  await vi.advanceTimersByTimeAsync(10_000)
  expect(tries - afterTen).toBeGreaterThanOrEqual(9)
  expect(tries - afterTen).toBeLessThanOrEqual(20)
})

test('the answer of a connection that was replaced is dropped', async () => {
  const answers: ((sdp: string) => void)[] = []
  exchange = () => new Promise((resolve) => answers.push(resolve))
  const leg = await opened()
  leg.remake()
  await settle()
  answers[0]?.('late')
  answers[1]?.('in time')
  await settle()
  expect(FakeConnection.made.map(({ answer }) => answer)).toEqual([null, 'in time'])
})

test('a connection that carries packets stands when it is doubted, a silent one is made anew', async () => {
  const leg = await opened()
  last().become('connected')
  void leg.verify()
  await settle()
  last().packets += 50
  await vi.advanceTimersByTimeAsync(1000)
  expect(FakeConnection.made).toHaveLength(1)

  void leg.verify()
  await vi.advanceTimersByTimeAsync(1000)
  expect(FakeConnection.made).toHaveLength(2)
})

test('nothing happens any more once it is closed', async () => {
  const leg = await opened()
  leg.close()
  leg.close()
  leg.remake()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(FakeConnection.made).toHaveLength(1)
  expect(last().closed).toBe(true)
  expect(leg.streams).toEqual({})
})

test('what was prepared is the first connection, with the relays that are known then; unused, it is closed', async () => {
  const plan = { publish: ['clerk_face'], subscribe: ['face'], early: true, relays: () => [{ urls: ['turn:relay'] }] } as const
  const leg = new MediaLeg({ ...plan, exchange: (sdp, tracks) => exchange(sdp, tracks) })
  leg.prepare()
  await settle()
  expect(offers).toEqual([])
  void leg.open()
  await settle()
  expect(FakeConnection.made).toHaveLength(1)
  expect(last().configuration.iceServers).toEqual([{ urls: ['turn:relay'] }])
  expect(offers).toHaveLength(1)
  leg.remake()
  await settle()
  expect([FakeConnection.made.length, FakeConnection.made[0]?.closed]).toEqual([2, true])
  const unused = new MediaLeg({ ...plan, exchange })
  unused.prepare()
  unused.close()
  await settle()
  expect(last().closed).toBe(true)
})
