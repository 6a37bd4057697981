import { afterEach, beforeEach, expect, test, vi } from 'vitest'

import { Refused } from '../../api'
import { Draft } from './draft'
import type { Values } from './merge'

/** The center's form: refuses an old revision, as the real one does; views are delivered when the test says so. */
class FakeCenter {
  values: Values = {}
  revision = 0
  refuseWith: Refused | null = null
  puts: Values[] = []

  put = async (revision: number, values: Values): Promise<void> => {
    this.puts.push(values)
    if (this.refuseWith) throw this.refuseWith
    if (revision !== this.revision) throw new Refused('stale_revision')
    this.change(values)
  }

  change(values: Values): void {
    this.values = { ...this.values, ...values }
    this.revision += 1
  }

  show(draft: Draft): void {
    draft.adopt(this.values, this.revision)
  }
}

let center: FakeCenter
let draft: Draft

beforeEach(() => {
  vi.useFakeTimers()
  center = new FakeCenter()
  draft = new Draft(center.put)
  center.show(draft)
})

afterEach(() => {
  draft.dispose()
  vi.useRealTimers()
})

test('typing is saved once, a moment after the last key', async () => {
  draft.set('phone', '1')
  await vi.advanceTimersByTimeAsync(400)
  draft.set('phone', '13')
  expect(draft.state.value).toBe('typing')
  await vi.advanceTimersByTimeAsync(700)
  center.show(draft)
  await vi.runAllTimersAsync()
  expect(center.puts).toEqual([{ phone: '13' }])
  expect(draft.state.value).toBe('saved')
})

test('nothing is sent when nothing changed', async () => {
  draft.set('phone', '')
  expect(await draft.flush()).toBe(true)
  expect(center.puts).toEqual([])
})

test("the view of the clerk's own save doesn't undo what was typed meanwhile", async () => {
  const arrive = center.put
  draft = new Draft(async (revision, values) => {
    await arrive(revision, values)
    center.show(draft) // the feed is often faster than the answer
    draft.set('phone', '138')
  })
  center.show(draft)
  draft.set('phone', '13')
  const flushed = draft.flush()
  await vi.runAllTimersAsync()
  await flushed
  expect(draft.values.value).toEqual({ phone: '138' })
  expect(center.values).toEqual({ phone: '138' })
  expect(draft.overridden.value).toEqual([])
})

test('a stale save takes in what a card filled and is sent again', async () => {
  draft.set('phone', '138')
  center.change({ name: '示例甲' })
  const flushed = draft.flush()
  await vi.advanceTimersByTimeAsync(10)
  center.show(draft)
  await vi.runAllTimersAsync()
  expect(await flushed).toBe(true)
  expect(center.values).toEqual({ name: '示例甲', phone: '138' })
})

test('a field that gave way to the center is named until it is typed again', async () => {
  draft.set('name', '示例乙')
  center.change({ name: '示例甲' })
  center.show(draft)
  expect(draft.values.value['name']).toBe('示例甲')
  expect(draft.overridden.value).toEqual(['name'])
  draft.set('name', '示例丙')
  expect(draft.overridden.value).toEqual([])
})

test('a center that is away is tried again until it is back', async () => {
  center.refuseWith = new Refused('unreachable')
  draft.set('phone', '138')
  expect(await draft.flush()).toBe(false)
  expect(draft.state.value).toBe('failed')
  expect(draft.problem.value).toBe('unreachable')
  center.refuseWith = null
  await vi.advanceTimersByTimeAsync(10_000)
  expect(center.values).toEqual({ phone: '138' })
  expect(draft.state.value).toBe('saved')
})

test('an older view changes nothing', () => {
  center.change({ name: '示例甲' })
  center.show(draft)
  draft.adopt({ name: '' }, 0)
  expect(draft.values.value).toEqual({ name: '示例甲' })
})
