import { expect, test } from 'vitest'

import { merge, same } from './merge'

test('what only the clerk changed stays', () => {
  expect(merge({ phone: '' }, { phone: '138' }, { phone: '' })).toEqual({ values: { phone: '138' }, overridden: [] })
})

test('what only the center changed comes in, beside what the clerk is typing', () => {
  const { values, overridden } = merge({}, { phone: '138' }, { name: '示例甲' })
  expect(values).toEqual({ phone: '138', name: '示例甲' })
  expect(overridden).toEqual([])
})

test('where both changed, the center wins and the field is named', () => {
  expect(merge({ name: '' }, { name: '示例乙' }, { name: '示例甲' })).toEqual({
    values: { name: '示例甲' },
    overridden: ['name'],
  })
})

test('both changed alike is no conflict', () => {
  expect(merge({ name: '' }, { name: '示例甲' }, { name: '示例甲' }).overridden).toEqual([])
})

test('a field that the clerk emptied stays empty', () => {
  expect(merge({ phone: '138' }, { phone: '' }, { phone: '138' }).values).toEqual({ phone: '' })
})

test('an empty field and an absent one say the same', () => {
  expect(same({ phone: '' }, {})).toBe(true)
  expect(same({ phone: '1' }, {})).toBe(false)
})
