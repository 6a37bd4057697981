/** Doing something at the center from a button: busy while it runs, a refusal said in words. */
import { ref, type Ref } from 'vue'

import { useText } from '@lib/i18n'

import { Refused, type RefusalCode } from './api'

export interface Act {
  busy: Ref<boolean>
  /** Whether it was done. Runs nothing while an earlier one runs. */
  act: (what: () => Promise<unknown>) => Promise<boolean>
}

export function useAct(): Act {
  const busy = ref(false)
  const { refusal } = useRefusal()
  async function act(what: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    try {
      await what()
      return true
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      if (error.code !== 'not_logged_in') (await import('./drawn')).say('error', refusal(error.code))
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, act }
}

/** The words for a code. */
export function useRefusal(): { refusal: (code: RefusalCode) => string } {
  const { t, has } = useText()
  return {
    refusal: (code) => {
      if (code === 'unreachable') return t('counter.unreachable')
      return t(has(`common.error.${code}`) ? `common.error.${code}` : 'common.error.internal')
    },
  }
}
