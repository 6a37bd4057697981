/** When the clerk first saw the resident, told to the center once for each affair. */
import { watchEffect } from 'vue'

import type { AffairView } from '@lib/protocol'

import { Refused } from '../../api'
import { useCounter } from '../../counter'

/**
 * The picture moves before the booth has answered the call; there is a session to note it in only after that. The booth's
 * own first picture may have come before: then the ticket is served already, and ours counts all the same.
 */
export function useFirstFrame(affair: () => AffairView): void {
  const counter = useCounter()
  /** A page that comes in the middle of a served affair has nothing to tell. */
  let due = affair().ticket_state === 'called' || affair().ticket_state === 'connecting'

  watchEffect(() => {
    const { affair_id, ticket_state } = affair()
    const at = counter.picture.value?.seenAt.value ?? null
    if (at === null || !due || !(ticket_state === 'connecting' || ticket_state === 'serving')) return
    due = false
    counter.api.firstFrame(affair_id, counter.sinceTake(affair(), at)).catch((error: unknown) => {
      if (!(error instanceof Refused)) throw error
    })
  })
}
