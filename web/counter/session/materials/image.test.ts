import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, ref, type EffectScope } from 'vue'

import type { PageView } from '@lib/protocol'

import { CounterApi, Refused, type PagePart, type RefusalCode } from '../../api'
import { usePageImage, type PageImage } from './image'

const JPEG = new Blob(['a page'])
const LIGHT = { page_id: 'p-1', state: 'light', sha256: '00' } as unknown as PageView

let scope: EffectScope
/** What the center says to each request, in turn; the last one again and again. */
let answers: (Blob | RefusalCode)[]
let asked: PagePart[]

class Center extends CounterApi {
  override image(_page: string, part: PagePart): Promise<Blob> {
    asked.push(part)
    const answer = answers.length > 1 ? answers.shift() : answers[0]
    return answer instanceof Blob ? Promise.resolve(answer) : Promise.reject(new Refused(answer ?? 'unreachable'))
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  scope = effectScope()
})
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
})

function viewed(page: PageView): { page: { value: PageView | null }; shown: () => PageImage } {
  const viewing = ref<PageView | null>(page)
  const image = scope.run(() => usePageImage(viewing, new Center(() => undefined)).image)
  if (!image) throw new Error('no scope')
  return { page: viewing, shown: () => image.value }
}

it('is asked for again when the center could not be reached', async () => {
  answers = ['unreachable', JPEG]
  const { shown } = viewed(LIGHT)
  await vi.advanceTimersByTimeAsync(10)
  expect(shown()).toMatchObject({ url: null, failed: 'unreachable' })
  await vi.advanceTimersByTimeAsync(3000)
  expect(shown()).toMatchObject({ part: 'light', failed: null })
  expect(shown().url).not.toBeNull()
})

it('leaves the light image while the full one can not be had', async () => {
  answers = [JPEG, 'unreachable']
  const { page, shown } = viewed(LIGHT)
  await vi.advanceTimersByTimeAsync(10)
  const light = shown().url
  page.value = { ...LIGHT, state: 'stored' }
  await vi.advanceTimersByTimeAsync(10)
  expect(asked).toEqual(['light', 'full'])
  expect(shown()).toMatchObject({ url: light, part: 'light', failed: 'unreachable' })
})

it('is not asked for again when it is refused, nor when nobody looks any more', async () => {
  answers = ['page_unknown']
  const refused = viewed(LIGHT)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toEqual(['light'])
  expect(refused.shown().failed).toBe('refused')
  answers = ['unreachable']
  const { page } = viewed(LIGHT)
  await vi.advanceTimersByTimeAsync(10)
  page.value = null
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toEqual(['light', 'light'])
})
