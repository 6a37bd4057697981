import { expect, test } from 'vitest'

import { neighbours, standing } from './order'

const page = (page_id: string, replaced_by: string | null = null): { page_id: string; replaced_by: string | null } => ({ page_id, replaced_by })
const three = [page('a'), page('b'), page('c')]

test('a page goes one place forward or back', () => {
  expect(neighbours(three, 'b')).toEqual({ before: 'a', after: null, later: true })
  expect(neighbours(three, 'a')).toEqual({ before: null, after: 'c', later: true })
})

test('the last page goes no further', () => {
  expect(neighbours(three, 'c')).toEqual({ before: 'b', after: null, later: false })
  expect(neighbours(three, null).later).toBe(false)
})

test('a page in whose place another one stands is out of the order', () => {
  expect(standing([page('a', 'd'), page('d'), page('b')]).map((one) => one.page_id)).toEqual(['d', 'b'])
})
