/** What is wrong with a field's value, as the key of a text; the center has the last word on what is missing. Pure. */
import type { FormField } from '@lib/protocol'

export type FieldProblem = 'required' | 'phone' | 'number' | 'date' | 'choice'

/** A mobile number, or a fixed line with its area code; what people put between digits doesn't matter. */
const PHONE = /^(1[3-9]\d{9}|0\d{2,3}\d{7,8}|[2-8]\d{6,7})$/

export function problemOf(field: FormField, value: string): FieldProblem | null {
  const text = value.trim()
  if (text === '') return field.required ? 'required' : null
  switch (field.kind) {
    case 'phone':
      return PHONE.test(text.replace(/[\s-]/g, '')) ? null : 'phone'
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? null : 'number'
    case 'date':
      return isDate(text) ? null : 'date'
    case 'choice':
      return field.choices.some((choice) => choice.value === text) ? null : 'choice'
    case 'text':
      return null
  }
}

function isDate(text: string): boolean {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? []
  if (!year || !month || !day) return false
  const at = new Date(Date.UTC(+year, +month - 1, +day))
  return at.getUTCFullYear() === +year && at.getUTCMonth() === +month - 1 && at.getUTCDate() === +day
}
