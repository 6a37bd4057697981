/** What the clerk reads of a record: the same frame for every card and code, in the order of its facts. */
import type { FaceAdvice, IdentityView } from '@lib/protocol'

import { clockTime } from '../../clock'
import { isPast } from './dates'

/** What a card or a redeemed code says. */
export type IdentityRecord = Exclude<NonNullable<IdentityView['card']>, FaceAdvice>

export interface Fact {
  id: string
  label: string
  value: string
  /** Takes the whole line. */
  wide?: boolean
  /** Whose it is: larger. */
  strong?: boolean
  warn?: boolean
  /** Covered until the clerk asks: others may look over their shoulder. So many characters at the front stay open. */
  coveredAfter?: number
  /** Whether its check character holds; absent for what has none. */
  valid?: boolean
}

export type Translate = (key: string, values?: Record<string, string>) => string

/** The facts of a record; `today` decides what has expired. */
export function factsOf(card: IdentityRecord, t: Translate, today = new Date()): Fact[] {
  const fact = (id: string, value: string | null, more: Partial<Fact> = {}): Fact => ({
    id,
    label: t(`counter.identity.${id.replace('-', '_')}`),
    value: value ?? '',
    ...more,
  })
  const wide = { wide: true }
  const number = (value: string, valid: boolean) => fact('number', value, { wide: true, coveredAfter: 3, valid })
  const name = (value: string | null) => fact('name', value, { strong: true })
  const sex = (value: string) => fact('sex', t(`common.sex.${value}`))
  const validity = (from: string | null, until: string | null, longTerm = false) => {
    const end = longTerm ? t('counter.identity.long_term') : until
    const period = from || end ? t('counter.identity.period', { from: from ?? '—', until: end ?? '—' }) : ''
    const expired = !longTerm && isPast(until, today)
    return fact('validity', expired ? t('counter.identity.expired', { period }) : period, { ...wide, warn: expired })
  }
  const addresses = (first: string, added: string) => [
    fact('address', first, wide),
    ...(added ? [fact('added_address', added, wide)] : []),
  ]

  switch (card.type) {
    case 'id_card':
      return [
        name(card.name),
        sex(card.sex),
        number(card.number, card.number_valid),
        fact('birth', card.birth_date),
        fact('ethnicity', card.ethnicity),
        ...addresses(card.address, card.added_address),
        fact('issuer', card.issuer, wide),
        validity(card.valid_from, card.valid_until, card.long_term),
      ]
    case 'residence_permit':
      return [
        name(card.name),
        sex(card.sex),
        number(card.number, card.number_valid),
        fact('birth', card.birth_date),
        fact('issues', card.issues),
        fact('pass_number', card.pass_number, wide),
        ...addresses(card.address, card.added_address),
        fact('issuer', card.issuer, wide),
        validity(card.valid_from, card.valid_until, card.long_term),
      ]
    case 'permanent_resident_card':
      return [
        fact('name-en', card.name_en, { wide: true, strong: true }),
        name(card.name),
        sex(card.sex),
        number(card.number, card.number_valid),
        fact('birth', card.birth_date),
        fact('nationality', card.nationality),
        fact('version', card.version),
        card.version === '2023' ? fact('renewals', card.renewals) : fact('authority', card.authority),
        validity(card.valid_from, card.valid_until, card.long_term),
      ]
    case 'social_security_card':
      return [
        ...(card.name ? [name(card.name), sex(card.sex)] : []),
        ...(card.number ? [number(card.number, card.number_valid)] : []),
        fact('card_number', card.card_number, wide),
        fact('birth', card.birth_date),
        fact('version', card.version),
        validity(card.issued, card.expires),
        ...(card.bank_number ? [fact('bank_number', card.bank_number, { wide: true, coveredAfter: 0 })] : []),
      ]
    case 'code_holder':
      return [
        name(card.name),
        number(card.number, card.number_valid),
        fact('verified', clockTime(card.verified_at_ms)),
      ]
  }
}

/** `319***********0028`: the last four stay open too. */
export function covered(value: string, openAtFront: number): string {
  const hidden = Math.max(0, value.length - openAtFront - 4)
  return value.slice(0, openAtFront) + '*'.repeat(hidden) + value.slice(openAtFront + hidden)
}
