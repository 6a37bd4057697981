import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, ref, type EffectScope } from 'vue'

import type { PageView } from '@lib/protocol'

import { CounterApi, Refused, type PagePart, type RefusalCode } from '../../api'
import { usePageImage, type PageImage, type ViewedPage } from './image'

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

interface Viewed extends Pick<ViewedPage, 'again'> {
  page: { value: PageView | null }
  shown: () => PageImage
}

function viewed(page: PageView): Viewed {
  const viewing = ref<PageView | null>(page)
  const seen = scope.run(() => usePageImage(viewing, new Center(() => undefined)))
  if (!seen) throw new Error('no scope')
  return { page: viewing, shown: () => seen.image.value, again: seen.again }
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

it('is the light one when the full one is refused', async () => {
  answers = ['page_unknown', JPEG]
  const { shown } = viewed({ ...LIGHT, state: 'stored' })
  await vi.advanceTimersByTimeAsync(10)
  expect(asked).toEqual(['full', 'light'])
  expect(shown()).toMatchObject({ part: 'light', failed: 'refused' })
  expect(shown().url).not.toBeNull()
})

it('is asked for again by the clerk when it was refused', async () => {
  answers = ['page_unknown', JPEG]
  const { shown, again } = viewed(LIGHT)
  await vi.advanceTimersByTimeAsync(10)
  expect(shown().failed).toBe('refused')
  again()
  expect(shown().failed).toBeNull()
  await vi.advanceTimersByTimeAsync(10)
  expect(shown()).toMatchObject({ part: 'light', failed: null })
  expect(shown().url).not.toBeNull()
})

it('is not asked for again by itself when it is refused, nor when nobody looks any more', async () => {
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
