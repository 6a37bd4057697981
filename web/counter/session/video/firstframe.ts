/** When the clerk first sees the resident: measured in the <video>, told to the center once for each affair. */
import { shallowRef, watchEffect, type Ref, type ShallowRef } from 'vue'

import { firstFrame } from '@lib/firstframe'
import type { AffairView } from '@lib/protocol'

import { Refused } from '../../api'
import { useCounter } from '../../counter'

export interface Seen {
  /** True from the first moving picture of this affair on this page. */
  seen: ShallowRef<boolean>
}

export function useFirstFrame(
  affair: () => AffairView,
  video: () => HTMLVideoElement | null,
  stream: Ref<MediaStream | null>,
): Seen {
  const counter = useCounter()
  const seen = shallowRef(false)
  const afterMs = shallowRef<number | null>(null)
  let told: string | null = null

  watchEffect((cleanUp) => {
    const element = video()
    if (!element || !stream.value || seen.value) return
    const stop = new AbortController()
    cleanUp(() => stop.abort())
    firstFrame(element, stop.signal).then(
      (at) => {
        afterMs.value = counter.sinceTake(affair(), at)
        seen.value = true
      },
      () => {}, // another stream came, or the page went
    )
  })

  // The picture may move before the booth has answered the call; the center wants to know in either state.
  watchEffect(() => {
    const { affair_id, ticket_state } = affair()
    const after = afterMs.value
    const awaited = ticket_state === 'called' || ticket_state === 'connecting'
    if (after === null || !awaited || told === ticket_state) return
    told = ticket_state
    counter.api.firstFrame(affair_id, after).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
    })
  })
  return { seen }
}
