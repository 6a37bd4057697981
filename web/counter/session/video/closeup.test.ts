import { expect, test } from 'vitest'

import { WHOLE, isWhole, panned, shownIn, zoomed } from './closeup'

test('what lies under the pointer stays there', () => {
  const close = zoomed(WHOLE, 2, { x: 0.25, y: 0.75 })
  expect(close).toEqual({ x: 1250, y: 3750, span: 5000 })
  expect(close.x + 0.25 * close.span).toBe(2500)
  expect(close.y + 0.75 * close.span).toBe(7500)
})

test('the region never leaves the frame and never gets smaller than a tenth', () => {
  expect(zoomed(WHOLE, 100, { x: 1, y: 1 })).toEqual({ x: 9000, y: 9000, span: 1000 })
  expect(panned({ x: 9000, y: 0, span: 1000 }, { x: -3, y: 2 })).toEqual({ x: 9000, y: 0, span: 1000 })
  expect(isWhole(zoomed({ x: 400, y: 9000, span: 1000 }, 0.01, { x: 0, y: 0 }))).toBe(true)
})

test('the picture moves with the pointer', () => {
  expect(panned({ x: 4000, y: 4000, span: 2000 }, { x: 0.5, y: -0.25 })).toEqual({ x: 3000, y: 4500, span: 2000 })
})

test('a picture lies in the middle of its box', () => {
  expect(shownIn({ width: 800, height: 300 }, 4 / 3)).toEqual({ left: 200, top: 0, width: 400, height: 300 })
  expect(shownIn({ width: 400, height: 500 }, 4 / 3)).toEqual({ left: 0, top: 100, width: 400, height: 300 })
})
