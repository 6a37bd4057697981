import { expect, test } from 'vitest'

import type { AffairView, PageView, Suggestion } from '@lib/protocol'

import { offersOf } from './offers'

const number: Suggestion = {
  attribute: 'number',
  value: '319999195803120028',
  box: { left: 1, top: 2, right: 3, bottom: 4 },
  doubts: [],
  field_id: 'applicant_number',
  differs_from_card: false,
  answer: null,
}

function affair(pages: Partial<PageView>[]): AffairView {
  const fields = [{ field_id: 'applicant_number', label: { zh: '公民身份号码', en: 'Citizen number' } }]
  const whole = pages.map((page, n) => ({ page_id: `p${n}`, turn: 0, replaced_by: null, ...page }))
  return { item: { fields }, pages: whole } as unknown as AffairView
}

function read(suggestion: Suggestion, quarter_turns = 0): PageView['reading'] {
  return { state: 'read', kind: 'id_card_front', quarter_turns, suggestions: [suggestion] }
}

test('what is read is offered until the form says the same', () => {
  const one = affair([{ reading: read(number) }])
  expect(offersOf(one, {}).map(({ offers }) => offers.map(({ suggestion }) => suggestion.value))).toEqual([[number.value]])
  expect(offersOf(one, { applicant_number: '31' })).toHaveLength(1)
  expect(offersOf(one, { applicant_number: number.value })).toEqual([])
})

test('what was answered, fits no field or stands on a replaced page is not offered', () => {
  for (const changed of [{ answer: 'ignored' as const }, { answer: 'taken' as const }, { field_id: null }]) {
    expect(offersOf(affair([{ reading: read({ ...number, ...changed }) }]), {})).toEqual([])
  }
  expect(offersOf(affair([{ reading: read(number), replaced_by: 'p9' }]), {})).toEqual([])
})

test('a page on its side offers to be turned, until somebody turned it', () => {
  const same = { applicant_number: number.value }
  expect(offersOf(affair([{ reading: read(number, 3) }]), same)[0]?.turn).toBe(true)
  expect(offersOf(affair([{ reading: read(number, 3), turn: 1 }]), same)).toEqual([])
})
