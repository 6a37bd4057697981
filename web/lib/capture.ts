/** This browser's camera and microphone: asked for once, kept over every re-made connection, looked for again when one is plugged in. */
import { computed, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue'

export type CaptureKind = 'video' | 'audio'
/** Why there is none: nothing is plugged in, the person or the policy said no, or another program holds it. */
export type CaptureProblem = 'absent' | 'denied' | 'in_use'

const CONSTRAINTS = {
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25 }, facingMode: 'user' },
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
} as const satisfies MediaStreamConstraints

/** A self-view is a few centimetres wide; drawing it at the size and pace that is sent costs a sixth of a core. */
const SELF_VIEW = { width: { ideal: 480 }, frameRate: { ideal: 12 } } as const satisfies MediaTrackConstraints

export class Capture {
  readonly video: ShallowRef<MediaStreamTrack | null> = shallowRef(null)
  readonly audio: ShallowRef<MediaStreamTrack | null> = shallowRef(null)
  /** What is missing, and why; a page puts it into words. */
  readonly problems: Ref<Partial<Record<CaptureKind, CaptureProblem>>> = ref({})
  /** The own picture, small, for a self-view; without sound. */
  readonly picture: ComputedRef<MediaStream | null> = computed(() =>
    this.small.value ? new MediaStream([this.small.value]) : null,
  )

  private readonly small: ShallowRef<MediaStreamTrack | null> = shallowRef(null)

  private enabled: Record<CaptureKind, boolean> = { video: true, audio: true }
  private seeking = false
  private closed = false
  private readonly again = (): void => void this.seekMissing()

  /** `changed` is called when a track came or went after `open`, so that a connection can be re-made with it. */
  constructor(
    private readonly kinds: readonly CaptureKind[],
    private readonly changed: () => void = () => {},
  ) {}

  /** Ask for everything at once (one question to the person), then one by one for what may be had alone. Never rejects. */
  async open(): Promise<void> {
    navigator.mediaDevices?.addEventListener('devicechange', this.again)
    await this.seek(this.kinds)
  }

  /** Stop sending without letting go: a black picture, silence. */
  setEnabled(kind: CaptureKind, enabled: boolean): void {
    this.enabled[kind] = enabled
    const tracks = kind === 'video' ? [this.video.value, this.small.value] : [this.audio.value]
    for (const track of tracks) if (track) track.enabled = enabled
  }

  /** Let camera and microphone go. Closing twice is harmless. */
  close(): void {
    this.closed = true
    navigator.mediaDevices?.removeEventListener('devicechange', this.again)
    for (const kind of this.kinds) {
      this[kind].value?.stop()
      this[kind].value = null
    }
    this.showSmall(null)
  }

  private async seekMissing(): Promise<void> {
    const missing = this.kinds.filter((kind) => !this[kind].value)
    if (this.closed || this.seeking || missing.length === 0) return
    await this.seek(missing)
    if (missing.some((kind) => this[kind].value)) this.changed()
  }

  private async seek(kinds: readonly CaptureKind[]): Promise<void> {
    this.seeking = true
    try {
      const problem = await this.ask(kinds)
      if (problem && kinds.length > 1) for (const kind of kinds) await this.ask([kind])
    } finally {
      this.seeking = false
    }
  }

  private async ask(kinds: readonly CaptureKind[]): Promise<CaptureProblem | null> {
    try {
      if (!navigator.mediaDevices) throw new DOMException('not a secure context', 'NotAllowedError')
      const wanted = Object.fromEntries(kinds.map((kind) => [kind, CONSTRAINTS[kind]]))
      const stream = await navigator.mediaDevices.getUserMedia(wanted)
      for (const track of stream.getTracks()) this.keep(track)
      return null
    } catch (error) {
      const problem = problemOf(error)
      for (const kind of kinds) this.problems.value[kind] = problem
      return problem
    }
  }

  private keep(track: MediaStreamTrack): void {
    const kind = track.kind as CaptureKind
    if (this.closed) return track.stop()
    track.enabled = this.enabled[kind]
    track.onended = () => {
      this[kind].value = null
      if (kind === 'video') this.showSmall(null)
      this.problems.value[kind] = 'absent'
      this.changed()
    }
    this[kind].value = track
    if (kind === 'video') this.showSmall(track)
    delete this.problems.value[kind]
  }

  /** What captures the picture gives the self-view a copy of its own, scaled where it is captured. */
  private showSmall(whole: MediaStreamTrack | null): void {
    this.small.value?.stop()
    const copy = whole?.clone() ?? null
    copy?.applyConstraints(SELF_VIEW).catch(() => undefined) // a browser that can't scale shows it as it is
    this.small.value = copy
  }
}

function problemOf(error: unknown): CaptureProblem {
  const name = error instanceof Error ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  if (name === 'NotReadableError' || name === 'AbortError') return 'in_use'
  return 'absent'
}
