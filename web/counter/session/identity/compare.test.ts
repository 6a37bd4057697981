import { describe, expect, it } from 'vitest'

import type { IdentityView } from '@lib/protocol'

import { disagreeing, isDocumented } from './compare'

function identity(source: IdentityView['source'], name: string | null, number: string | null): IdentityView {
  const card = name === null && number === null ? null : ({ type: 'code_holder', name, number } as never)
  return { source, at_ms: 1, card, booth_id: 'b-01', device: null, insertion: null, photo: false }
}

describe('two proofs of one resident', () => {
  it('agree when name and number do, whatever the case of the check character', () => {
    const same = [identity('id_card', '沈佩兰', '31999919520618002x'), identity('suishen_code', '沈佩兰', '31999919520618002X')]
    expect(disagreeing(same)).toEqual([])
  })

  it('are laid side by side when a code and a card name two people', () => {
    const two = [identity('id_card', '林晓梅', '1'), identity('suishen_code', '沈佩兰', '2')]
    expect(disagreeing(two)).toEqual([
      { source: 'id_card', name: '林晓梅', number: '1' },
      { source: 'suishen_code', name: '沈佩兰', number: '2' },
    ])
  })

  it('disagree by the name alone, too', () => {
    expect(disagreeing([identity('id_card', '甲', '1'), identity('suishen_code', '乙', '1')])).toHaveLength(2)
  })

  it('do not disagree with a card that says nothing, nor with the eye', () => {
    const silent = [
      identity('id_card', '甲', '1'),
      identity('social_security_card', null, null),
      identity('clerk_visual', null, null),
    ]
    expect(disagreeing(silent)).toEqual([])
  })
})

it('a resident whom only the clerk has seen is not documented', () => {
  expect(isDocumented([])).toBe(false)
  expect(isDocumented([identity('clerk_visual', null, null)])).toBe(false)
  expect(isDocumented([identity('face_local', null, null)])).toBe(false)
  expect(isDocumented([identity('suishen_code', '甲', '1')])).toBe(true)
})
