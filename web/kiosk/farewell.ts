/**
 * The thanks at the end stays long enough to be read. The booth wipes in a moment and is ready for the next one at once;
 * this page goes on showing the goodbye, which holds nothing of the visit, until somebody touches it.
 */
import { computed, onUnmounted, ref, watch, type ComputedRef, type Ref } from 'vue'

import type { VisitState } from '@lib/protocol'

const FAREWELL_MS = 6000

export function useFarewell(state: Ref<VisitState | undefined>): {
  /** The state to be drawn. */
  screen: ComputedRef<VisitState | undefined>
  dismiss: () => void
} {
  const showing = ref(false)
  let timer: ReturnType<typeof setTimeout> | undefined

  watch(state, (now, before) => {
    const wipeMissed = now === 'welcome' && before !== undefined && before !== 'wipe' && before !== 'welcome'
    if (now === 'wipe' || wipeMissed) {
      showing.value = true
      clearTimeout(timer)
      timer = setTimeout(dismiss, FAREWELL_MS)
    } else if (now !== 'welcome') {
      dismiss()
    }
  })
  onUnmounted(() => clearTimeout(timer))

  function dismiss(): void {
    clearTimeout(timer)
    showing.value = false
  }

  return {
    screen: computed(() => (state.value === 'welcome' && showing.value ? 'wipe' : state.value)),
    dismiss,
  }
}
