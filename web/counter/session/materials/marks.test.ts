import { expect, test } from 'vitest'

import { drawn, path, thinned } from './marks'

test('a box is its two corners, whatever way the pointer took', () => {
  const box = drawn('box', [100, 100, 900, 50, 500, 700])
  expect(box.points).toEqual([100, 100, 500, 700])
  expect(path(box)).toBe('M100 100H500V700H100Z')
})

test('a line keeps its way', () => {
  expect(path(drawn('pen', [1, 2, 300, 400, 500, 600]))).toBe('M1 2L300 400L500 600')
})

test('a touch without a movement is no mark', () => {
  expect(thinned([100, 100, 101, 101, 103, 99]).length).toBe(2)
})

test('a long line stays within what the protocol takes', () => {
  const long = Array.from({ length: 6000 }, (_, i) => (i % 2 === 0 ? (i * 25) % 10000 : i % 7))
  expect(thinned(long).length).toBeLessThanOrEqual(2000)
})
