import { describe, expect, it } from 'vitest'

import { covered, factsOf, type IdentityRecord } from './facts'

const words = (key: string, values?: Record<string, string>) =>
  values ? `${key}(${Object.values(values).join(',')})` : key
const today = new Date(2026, 10, 25)

const social: IdentityRecord = {
  type: 'social_security_card',
  version: '2.00',
  card_number: 'X00000019',
  name: '林晓梅',
  number: '319999195803120028',
  number_valid: true,
  sex: 'female',
  birth_date: '1958-03-12',
  issued: '2015-06-01',
  expires: '2035-05-31',
  psam_required: false,
  bank_number: null,
}
const ids = (card: IdentityRecord) => factsOf(card, words, today).map(({ id }) => id)

describe('the facts of a card', () => {
  it('begin with whose it is', () => {
    expect(ids(social).slice(0, 3)).toEqual(['name', 'sex', 'number'])
  })

  it('leave out what a locked card keeps to itself', () => {
    expect(ids({ ...social, name: null, number: null, psam_required: true })).toEqual([
      'card_number',
      'birth',
      'version',
      'validity',
    ])
  })

  it('hold the bank number, covered, only when the booth read it', () => {
    expect(ids(social)).not.toContain('bank_number')
    const read = factsOf({ ...social, bank_number: '6200003199991958031' }, words, today)
    expect(read.find(({ id }) => id === 'bank_number')?.coveredAfter).toBe(0)
  })

  it('warn of a card that has expired and not of one on its last day', () => {
    const validity = (expires: string) =>
      factsOf({ ...social, expires }, words, today).find(({ id }) => id === 'validity')
    expect(validity('2026-11-24')?.warn).toBe(true)
    expect(validity('2026-11-25')?.warn).toBe(false)
  })
})

it('a covered number shows its ends and its length', () => {
  expect(covered('319999195803120028', 3)).toBe('319***********0028')
  expect(covered('6200003199991958031', 0)).toBe('***************8031')
  expect(covered('12', 3)).toBe('12')
})
