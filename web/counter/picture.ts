/**
 * The <video> in which the clerk sees the resident: one for as long as the clerk is logged in. A call finds it playing, and
 * its first frame is painted when it comes, whatever the page around it is still drawing.
 */
import { effectScope, shallowRef, watch, type EffectScope, type ShallowRef } from 'vue'

import { firstFrame } from '@lib/firstframe'
import type { MediaLeg } from '@lib/media'
import { onceTrue } from '@lib/once'

export class FacePicture {
  readonly element = document.createElement('video')
  /** When the resident was first seen since `expect`, by `performance.now()`; null before. */
  readonly seenAt: ShallowRef<number | null> = shallowRef(null)

  /** Where it plays, unseen, while no page shows it. */
  private readonly home = document.createElement('div')
  private readonly scope: EffectScope = effectScope(true)
  private stop = new AbortController()

  constructor(private readonly leg: MediaLeg) {
    Object.assign(this.element, { autoplay: true, muted: true, playsInline: true })
    this.element.dataset.test = 'video-face'
    Object.assign(this.home.style, { position: 'fixed', width: '2px', height: '2px', overflow: 'hidden', opacity: '0' })
    document.body.append(this.home)
    this.moveTo(this.home)
    this.scope.run(() => watch(() => leg.streams.face, () => this.play(), { immediate: true }))
  }

  /** Somebody is called: what is painted from now on is theirs, and until then nobody has been seen. */
  expect(): void {
    this.stop.abort()
    const stop = (this.stop = new AbortController())
    this.seenAt.value = null
    firstFrame(this.element, stop.signal).then(
      (at) => (this.seenAt.value = at),
      () => {}, // somebody else was called, or nobody any more
    )
  }

  /** Resolves when the resident is seen, at once when they are already; never when somebody else is expected before. */
  seen(): Promise<void> {
    return onceTrue(() => this.seenAt.value !== null)
  }

  /** Nobody is to be seen, and the last picture of whom was there is let go. */
  clear(): void {
    this.stop.abort()
    this.seenAt.value = null
    this.element.srcObject = null
    this.play()
  }

  /** Into this place on the page; from another one it moves without a break. */
  moveTo(place: Element): void {
    place.append(this.element)
    if (this.element.paused) this.play()
  }

  /** This place goes away. */
  leave(place: Element): void {
    if (this.element.parentElement === place) this.moveTo(this.home)
  }

  close(): void {
    this.home.remove()
    this.stop.abort()
    this.scope.stop()
    this.element.srcObject = null
    this.element.remove()
  }

  private play(): void {
    const stream = this.leg.streams.face ?? null
    if (this.element.srcObject !== stream) this.element.srcObject = stream
    // rejected when the stream is replaced before it plays; the next one plays
    if (stream) this.element.play().catch(() => {})
  }
}
