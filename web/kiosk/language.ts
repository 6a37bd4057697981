/** The language of both screens: a touch of one turns the other too, and the next resident starts in Chinese again. */
import { onUnmounted, watch, type Ref } from 'vue'

import { useText, type Language } from '@lib/i18n'
import type { VisitState } from '@lib/protocol'

/** Not the browser's storage: the device bench on the same origin keeps a language of its own. */
const CHANNEL = 'bangban.kiosk.language'

export function useLanguageSwitch(): { other: () => void } {
  const { language } = useText()
  return { other: () => (language.value = language.value === 'en' ? 'zh-CN' : 'en') }
}

/** To be used once a page. A language must not stay on the screen for the next one. */
export function useSharedLanguage(state: Ref<VisitState | undefined>): void {
  const { language } = useText()
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = ({ data }: MessageEvent<Language>) => (language.value = data)
  watch(language, (now) => channel.postMessage(now))
  watch(state, (now, before) => {
    const ended = now === 'welcome' && before !== 'welcome'
    if (ended) language.value = 'zh-CN'
  })
  onUnmounted(() => channel.close())
}
