/** The page's media: the resident's face and voice out, the clerk's in. It stands from page load on; a call only starts packets. */
import { computed, onUnmounted, ref, shallowRef, watch, type ComputedRef, type Ref, type ShallowRef } from 'vue'

import { firstFrame } from '@lib/firstframe'
import { MediaLeg } from '@lib/media'

import type { KioskLink } from './link'
import { isTalking } from './situation'

export interface Call {
  clerkPicture: ComputedRef<MediaStream | null>
  clerkVoice: ComputedRef<MediaStream | null>
  ownPicture: ComputedRef<MediaStream | null>
  /** The key of the text that says what is missing at this booth, or null. */
  missing: ComputedRef<string | null>
  /** Whether the clerk's picture has moved since this call began: before that it is covered. */
  seen: Ref<boolean>
  /** Where the clerk's picture is painted. */
  video: ShallowRef<HTMLVideoElement | null>
}

export function useCall(link: KioskLink): Call {
  const leg = new MediaLeg({
    publish: ['face', 'voice'],
    subscribe: ['clerk_face', 'clerk_voice'],
    exchange: (sdp, tracks) => link.exchange(sdp, tracks),
    relays: () => link.relays.value,
    report: (figures) => void link.act({ type: 'media_report', figures }),
  })
  link.onMediaClosed = () => leg.lost()
  onUnmounted(() => leg.close())
  void leg.open()
  // The booth is linked again: what the network took from it, it took from this connection, too.
  watch(
    () => link.view.value?.link_up,
    (now, before) => {
      if (now && before === false) void leg.verify()
    },
  )
  // Without them this connection may have had no way.
  watch(link.relays, () => leg.state.value !== 'up' && leg.remake())

  watch(
    () => link.view.value !== null && isTalking(link.view.value),
    (talking) => leg.rest(!talking),
    { immediate: true, flush: 'sync' },
  )

  const opened = ref(false)
  watch(leg.state, () => (opened.value = true), { once: true })
  const missing = computed(() => {
    if (!opened.value) return null
    const { video: camera, audio: microphone } = leg.capture.problems.value
    if (camera && microphone) return 'kiosk.serve.no_media'
    if (camera) return 'kiosk.serve.no_camera'
    return microphone ? 'kiosk.serve.no_microphone' : null
  })

  const video = shallowRef<HTMLVideoElement | null>(null)
  return {
    clerkPicture: computed(() => leg.streams.clerk_face ?? null),
    clerkVoice: computed(() => leg.streams.clerk_voice ?? null),
    ownPicture: leg.capture.picture,
    missing,
    seen: useFirstFrame(link, video),
    video,
  }
}

/**
 * Watches for the clerk's first moving picture of each call and reports it, measured from the view that said `called`;
 * and again when a session that was interrupted has a picture again. A page that was loaded in the middle of a
 * call shows the picture, and reports nothing that it hasn't measured.
 */
function useFirstFrame(link: KioskLink, video: ShallowRef<HTMLVideoElement | null>): Ref<boolean> {
  const seen = ref(false)
  const callId = computed(() => {
    const view = link.view.value
    return view?.visit && isTalking(view) ? view.visit.affair_id : null
  })
  const interrupted = computed(() => link.view.value?.visit?.session_state === 'interrupted')
  let sinceMs = 0
  let due = false
  watch(
    callId,
    () => {
      const state = link.view.value?.visit?.ticket_state
      sinceMs = performance.now()
      due = state === 'called' || state === 'connecting'
      seen.value = false
    },
    { immediate: true, flush: 'sync' },
  )
  watch(
    interrupted,
    (now) => {
      if (!now || due) return
      sinceMs = performance.now()
      due = true
    },
    { flush: 'sync' },
  )

  watch(
    [callId, interrupted, video],
    async ([affairId, , element], _before, onCleanup) => {
      if (affairId === null || element === null) return
      const stop = new AbortController()
      onCleanup(() => stop.abort())
      let paintedMs: number
      try {
        paintedMs = await firstFrame(element, stop.signal)
      } catch {
        return // the call ended, or was interrupted, before anybody was seen
      }
      seen.value = true
      if (!due) return
      const afterMs = Math.max(0, Math.round(paintedMs - sinceMs))
      due = !link.act({ type: 'first_frame', affair_id: affairId, after_ms: afterMs })
    },
    { immediate: true, flush: 'post' },
  )
  return seen
}
