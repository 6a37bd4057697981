import { expect, test } from 'vitest'

import { FIRST_CORNERS, isConvex, moved } from './corners'

test('one corner moves, held within the frame', () => {
  expect(moved(FIRST_CORNERS, 2, 1.2, 0.5)).toEqual([1000, 1000, 9000, 1000, 10000, 5000, 1000, 9000])
})

test('corners that go round a page are good', () => {
  expect(isConvex(FIRST_CORNERS)).toBe(true)
})

test('crossed, dented and collapsed corners are not', () => {
  expect(isConvex([1000, 1000, 9000, 1000, 1000, 9000, 9000, 9000])).toBe(false)
  expect(isConvex([1000, 1000, 9000, 1000, 3000, 3000, 1000, 9000])).toBe(false)
  expect(isConvex([1000, 1000, 1000, 1000, 9000, 9000, 1000, 9000])).toBe(false)
  expect(isConvex([1000, 9000, 9000, 9000, 9000, 1000, 1000, 1000])).toBe(false)
})
