/** The best image of a page that is there: the light one at once, the full one when it has come, checked against its SHA-256. */
import { ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue'

import type { PageView } from '@lib/protocol'

import { Refused, type CounterApi, type PagePart } from '../../api'

/** `match`: this browser computed the SHA-256 itself. `stored`: the center did, and this browser can't (no secure context). */
export type Check = 'waiting' | 'match' | 'mismatch' | 'stored'

/** `unreachable`: it is asked for again by itself. */
export type Failure = 'unreachable' | 'refused'

export interface PageImage {
  url: string | null
  part: PagePart
  check: Check
  failed: Failure | null
}

/** After so long an image is asked for again when the center could not be reached. */
const AGAIN_MS = 3000

const NOTHING: PageImage = { url: null, part: 'light', check: 'waiting', failed: null }

export interface ViewedPage {
  image: ShallowRef<PageImage>
  /** Ask again for what was refused. */
  again: () => void
}

export function usePageImage(page: Ref<PageView | null>, api: CounterApi): ViewedPage {
  const image = shallowRef(NOTHING)
  const tries = ref(0)
  watch(
    () => [page.value?.page_id, page.value?.state, tries.value] as const,
    ([id, state], before, cleanUp) => {
      let stale = false
      cleanUp(() => (stale = true))
      if (before?.[0] !== id) put(NOTHING)
      if (!page.value || id === undefined || state === 'announced') return
      void show(id, state === 'stored' ? 'full' : 'light', page.value.sha256, () => stale)
    },
    { immediate: true },
  )

  function put(next: PageImage): void {
    if (image.value.url) URL.revokeObjectURL(image.value.url)
    image.value = next
  }

  /** Until it is there or stale; the light image stays while the full one can't be had. */
  async function show(id: string, part: PagePart, sha256: string, stale: () => boolean): Promise<void> {
    while (!stale()) {
      try {
        const blob = await api.image(id, part)
        const check = part === 'full' ? await checked(blob, sha256) : 'waiting'
        if (!stale()) put({ url: URL.createObjectURL(blob), part, check, failed: null })
        return
      } catch (error) {
        if (!(error instanceof Refused)) throw error
        const failed = error.code === 'unreachable' ? 'unreachable' : 'refused'
        if (!stale()) image.value = { ...image.value, failed }
        if (failed === 'refused') {
          if (part === 'full') await fallBack(id, stale)
          return
        }
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    }
  }

  /** The full image can't be had; the light one is better than nothing. */
  async function fallBack(id: string, stale: () => boolean): Promise<void> {
    if (stale() || image.value.url !== null) return
    try {
      const blob = await api.image(id, 'light')
      if (!stale()) put({ url: URL.createObjectURL(blob), part: 'light', check: 'waiting', failed: 'refused' })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
    }
  }

  function again(): void {
    image.value = { ...image.value, failed: null }
    tries.value += 1
  }
  return { image, again }
}

async function checked(blob: Blob, sha256: string): Promise<Check> {
  if (!globalThis.crypto?.subtle) return 'stored'
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))
  const hex = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex === sha256 ? 'match' : 'mismatch'
}
