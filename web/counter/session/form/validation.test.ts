import { expect, test } from 'vitest'

import type { FieldKind, FormField } from '@lib/protocol'

import { problemOf } from './validation'

const field = (kind: FieldKind, required = true): FormField => ({
  field_id: 'one',
  label: { zh: '一', en: 'One' },
  kind,
  required,
  choices: [{ value: 'lost', name: { zh: '遗失', en: 'Lost' } }],
  fill_from: null,
  default: '',
})

test.each([
  ['phone', '13800001234', null],
  ['phone', '138 0000 1234', null],
  ['phone', '021-56001234', null],
  ['phone', '1380000', 'phone'],
  ['phone', '23800001234', 'phone'],
  ['number', '3', null],
  ['number', '1.5', null],
  ['number', '三', 'number'],
  ['date', '2028-02-29', null],
  ['date', '2027-02-29', 'date'],
  ['date', '2027-2-3', 'date'],
  ['choice', 'lost', null],
  ['choice', 'stolen', 'choice'],
  ['text', '任何内容', null],
] as const)('%s "%s" gives %s', (kind, value, problem) => {
  expect(problemOf(field(kind), value)).toBe(problem)
})

test('an empty field is missing only where it is required', () => {
  expect(problemOf(field('text'), '  ')).toBe('required')
  expect(problemOf(field('phone', false), '')).toBe(null)
})
