import { expect, test } from 'vitest'

import { cutSides, kinds, outlines } from './flaws'

const INSIDE = [1000, 1000, 9000, 1000, 9000, 9000, 1000, 9000]
const BELOW = [1000, 1000, 9000, 1000, 9000, 9990, 1000, 9995]

test('each place of a flaw is outlined, and the first of a kind bears its word', () => {
  const glare = { kind: 'glare' as const, where: [{ x: 10, y: 20, width: 300, height: 40 }, { x: 500, y: 600, width: 70, height: 80 }] }
  const drawn = outlines([glare, { kind: 'covered', where: [{ x: 0, y: 900, width: 100, height: 100 }] }], INSIDE, 0)
  expect(drawn.map(({ kind, x, named }) => [kind, x, named])).toEqual([
    ['glare', 10, true],
    ['glare', 500, false],
    ['covered', 0, true],
  ])
})

test('what concerns the whole page is named and not outlined', () => {
  const flaws = [
    { kind: 'blurred' as const, where: [] },
    { kind: 'too_dark' as const, where: [] },
  ]
  expect(outlines(flaws, INSIDE, 0)).toEqual([])
  expect(kinds([...flaws, { kind: 'blurred', where: [] }])).toEqual(['blurred', 'too_dark'])
})

test('a page that goes on below the frame is marked along its lower side, wherever that came to lie', () => {
  const cut = [{ kind: 'cut_off' as const, where: [] }]
  expect(outlines(cut, BELOW, 0)).toMatchObject([{ kind: 'cut_off', x: 0, y: 988, width: 1000, height: 12, named: true }])
  expect(outlines(cut, BELOW, 1)).toMatchObject([{ x: 0, y: 0, width: 12, height: 1000 }])
  expect(outlines(cut, BELOW, 2)).toMatchObject([{ x: 0, y: 0, width: 1000, height: 12 }])
  expect(outlines(cut, BELOW, 3)).toMatchObject([{ x: 988, y: 0, width: 12, height: 1000 }])
})

test('one corner outside marks both sides that meet there, and without corners nothing is marked', () => {
  expect(cutSides([10, 1000, 9000, 1000, 9000, 9000, 1000, 9000], 0)).toEqual([0, 3])
  expect(cutSides(INSIDE, 0)).toEqual([])
  expect(cutSides(null, 0)).toEqual([])
})
