import { expect, test } from 'vitest'

import { fitted, onPage, zoomedAt } from './zoom'

const A4 = { width: 1654, height: 2339 }
const STAGE = { width: 1000, height: 700 }

test('a page is fitted whole, also when it lies on its side', () => {
  for (const quarter of [0, 1, 2, 3]) {
    const { scale } = fitted(A4, STAGE, quarter)
    const [width, height] = quarter % 2 === 0 ? [A4.width, A4.height] : [A4.height, A4.width]
    expect(width * scale).toBeLessThanOrEqual(STAGE.width)
    expect(height * scale).toBeLessThanOrEqual(STAGE.height)
  }
})

test('a small picture is not blown up', () => {
  expect(fitted({ width: 100, height: 100 }, STAGE, 0).scale).toBe(1)
})

test('what is under the pointer stays there', () => {
  const before = { scale: 0.5, x: 30, y: -20, quarter: 0 }
  const after = zoomedAt(before, 1.7, 120, 80)
  const at = (view: typeof before): number[] => [(120 - view.x) / view.scale, (80 - view.y) / view.scale]
  expect(at(after)[0]).toBeCloseTo(at(before)[0] ?? NaN)
  expect(at(after)[1]).toBeCloseTo(at(before)[1] ?? NaN)
})

test('the zoom has an end both ways', () => {
  let view = { scale: 1, x: 0, y: 0, quarter: 0 }
  for (let i = 0; i < 50; i++) view = zoomedAt(view, 2, 10, 10)
  expect(view.scale).toBe(8)
  for (let i = 0; i < 50; i++) view = zoomedAt(view, 0.5, 10, 10)
  expect(view.scale).toBe(0.05)
})

test('the page is found under the pointer, however it is turned, moved and zoomed', () => {
  const view = { scale: 0.5, x: 40, y: -10, quarter: 0 }
  expect(onPage(view, A4, 40, -10)).toEqual([5000, 5000])
  expect(onPage(view, A4, 40 - A4.width / 4, -10 - A4.height / 4)).toEqual([0, 0])
  // Turned once clockwise, the page's upper left corner lies at the upper right.
  const turned = { ...view, quarter: 1 }
  expect(onPage(turned, A4, 40 + A4.height / 4, -10 - A4.width / 4)).toEqual([0, 0])
  expect(onPage({ ...view, quarter: 2 }, A4, 40 + A4.width / 4, -10 + A4.height / 4)).toEqual([0, 0])
  expect(onPage({ ...view, quarter: 3 }, A4, 40 - A4.height / 4, -10 + A4.width / 4)).toEqual([0, 0])
})

test('a pointer beside the page counts as on its edge', () => {
  expect(onPage({ scale: 1, x: 0, y: 0, quarter: 0 }, A4, 5000, -5000)).toEqual([10000, 0])
})
