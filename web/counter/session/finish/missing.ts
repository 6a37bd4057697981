/** All that stands between the affair and the resident's signature, said at once. */
import type { Text } from '@lib/i18n'
import type { AffairView } from '@lib/protocol'

import type { Values } from '../form/merge'
import { problemOf } from '../form/validation'

export function missingWords(affair: AffairView, values: Values, { t, wording }: Text): string[] {
  const words: string[] = []
  for (const field of affair.item.fields) {
    const problem = problemOf(field, values[field.field_id] ?? '')
    const label = wording(field.label)
    if (problem === 'required') words.push(t('counter.finish.missing_field', { field: label }))
    else if (problem) words.push(t('counter.finish.wrong_field', { field: label }))
    // what the center misses though something is there: not saved yet, or not what it takes
    else if (affair.missing_fields.includes(field.field_id)) words.push(t('counter.finish.unsaved_field', { field: label }))
  }
  for (const material of affair.item.materials) {
    if (!affair.missing_materials.includes(material.material_id)) continue
    words.push(t('counter.finish.missing_material', { material: wording(material.name) }))
  }
  return words
}
