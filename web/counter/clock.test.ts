import { expect, test } from 'vitest'

import { duration } from './clock'
import { isPast } from './session/identity/dates'
import { strokePath } from './session/finish/strokes'

test('a length of time reads as minutes, from an hour on with hours, and is never negative', () => {
  expect(duration(0)).toBe('00:00')
  expect(duration(754_000)).toBe('12:34')
  expect(duration(3_661_000)).toBe('1:01:01')
  expect(duration(-5000)).toBe('00:00')
})

test('a card is good through its last day', () => {
  const today = new Date(2026, 10, 22)
  expect(isPast('2026-11-21', today)).toBe(true)
  expect(isPast('2026-11-22', today)).toBe(false)
  expect(isPast(null, today)).toBe(false)
})

test('a stroke becomes a path, and a lone point a dot', () => {
  expect(strokePath([1, 2, 3, 4, 5, 6])).toBe('M1 2 L3 4 L5 6')
  expect(strokePath([7, 8])).toBe('M7 8 L7 8')
  expect(strokePath([])).toBe('')
})
