/** The simulated booth's devices, by the routes of the booth process: what lies where, and hands that lay and lift. */
import { onUnmounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue'

import type { BenchView, CodeScanned } from '@lib/protocol'

const POLL_MS = 1000

export interface Bench {
  view: ShallowRef<BenchView | null>
  /** Whether the booth process answers. */
  up: Ref<boolean>
  /** Whether the last thing that the hands did was refused. */
  refused: Ref<boolean>
  layCard: (cardId: string) => Promise<boolean>
  liftCard: () => Promise<boolean>
  layPage: (pageId: string) => Promise<boolean>
  liftPage: () => Promise<boolean>
  showCode: (code: string) => Promise<boolean>
  showFreshCode: (codeId: string) => Promise<boolean>
  plug: (plugged: boolean) => Promise<boolean>
}

export function useBench(): Bench {
  const view = shallowRef<BenchView | null>(null)
  const up = ref(true)
  const refused = ref(false)
  let asked = 0

  async function look(): Promise<void> {
    const turn = ++asked
    try {
      const answer = await fetch('/bench/state', { cache: 'no-store' })
      if (!answer.ok) throw new Error(String(answer.status))
      const newest = (await answer.json()) as BenchView
      if (turn !== asked) return // a later question has been asked; its answer counts
      view.value = newest
      up.value = true
    } catch {
      if (turn === asked) up.value = false
    }
  }

  async function act(method: 'POST' | 'DELETE', path: string, body?: object): Promise<boolean> {
    refused.value = false
    try {
      const answer = await fetch(`/bench/${path}`, {
        method,
        headers: { 'X-Bangban': '1', ...(body ? { 'Content-Type': 'application/json' } : {}) },
        ...(body ? { body: JSON.stringify(body) } : {}),
      })
      refused.value = !answer.ok
    } catch {
      refused.value = true
    }
    await look()
    return !refused.value
  }

  void look()
  const polling = setInterval(() => void look(), POLL_MS)
  onUnmounted(() => clearInterval(polling))

  return {
    view,
    up,
    refused,
    layCard: (cardId) => act('POST', `card/${cardId}`),
    liftCard: () => act('DELETE', 'card'),
    layPage: (pageId) => act('POST', `page/${pageId}`),
    liftPage: () => act('DELETE', 'page'),
    showCode: (code) => act('POST', 'code', { type: 'code_scanned', code } satisfies CodeScanned),
    showFreshCode: (codeId) => act('POST', `code/${codeId}`),
    plug: (plugged) => act('POST', `camera/${plugged ? 'plugged' : 'unplugged'}`),
  }
}
