import { describe, expect, it } from 'vitest'

import type { Ask, KioskView, Visit } from '@lib/protocol'

import { finishedBetween, isInterrupted, isTalking, problemKey, secondsLeft, situationOf, usableReaders } from './situation'

const words = { zh: '社保卡补换', en: 'Replace a social security card' }

function visit(changes: Partial<Visit> = {}): Visit {
  return {
    affair_id: 'affair-1',
    ticket_no: 'A007',
    item_id: 'social_security_card',
    item_name: words,
    ticket_state: 'serving',
    ahead: 0,
    session_state: 'live',
    clerk_name: '李示例',
    counter: '3',
    asks: [],
    form: null,
    signature: 'none',
    pages: 0,
    outcome: null,
    case_no: null,
    message: null,
    rated: false,
    recording_consent: 'none',
    recording: null,
    must_record: false,
    ...changes,
  }
}

function view(changes: Partial<KioskView> = {}): KioskView {
  return {
    type: 'view',
    state: 'serve',
    link_up: true,
    booth_name: words,
    center_name: words,
    items: [],
    devices: [],
    activity: 'idle',
    item_id: null,
    requesting: false,
    visit: visit(),
    problem: null,
    leaves_at_ms: null,
    preview: false,
    ...changes,
  }
}

const askPage: Ask = { command_id: 'c1', kind: 'take_page', material: { zh: '户口簿', en: 'Household register' } }
const askCard: Ask = { command_id: 'c2', kind: 'read_id_card', material: null }

describe('what the resident is asked to do', () => {
  it('is to talk when nothing is asked', () => {
    expect(situationOf(view())).toEqual({ guide: 'talk', material: null })
  })

  it('follows the devices before the list of asks', () => {
    const asked = view({ activity: 'reading_card', visit: visit({ asks: [askPage, askCard] }) })
    expect(situationOf(asked).guide).toBe('reading_card')
  })

  it('names the material of the page that is wanted', () => {
    const asked = view({ visit: visit({ asks: [askPage] }) })
    expect(situationOf(asked)).toEqual({ guide: 'lay_page', material: askPage.material })
  })

  it('is to wait while the call is being connected, and while it is held', () => {
    expect(situationOf(view({ visit: visit({ ticket_state: 'called' }) })).guide).toBe('connecting')
    expect(situationOf(view({ visit: visit({ ticket_state: 'held' }) })).guide).toBe('held')
  })
})

describe('an interrupted call', () => {
  it('asks the resident to stay, unless their hands are wanted', () => {
    const broken = visit({ session_state: 'interrupted' })
    expect(situationOf(view({ visit: broken })).guide).toBe('interrupted')
    expect(situationOf(view({ visit: { ...broken, asks: [askCard] } })).guide).toBe('lay_id_card')
  })
})

describe('what has just been finished', () => {
  it('is a page when the count of pages went up', () => {
    const before = view({ activity: 'taking_page', visit: visit({ asks: [askPage] }) })
    expect(finishedBetween(before, view({ visit: visit({ pages: 1 }) }))).toBe('page')
  })

  it('is a card when it was being read and is not asked for any more', () => {
    const before = view({ activity: 'reading_card', visit: visit({ asks: [askCard] }) })
    expect(finishedBetween(before, view())).toBe('card')
  })

  it('is nothing when the card could not be read', () => {
    const before = view({ activity: 'reading_card', visit: visit({ asks: [askCard] }) })
    expect(finishedBetween(before, view({ problem: 'card_damaged' }))).toBeNull()
    expect(finishedBetween(before, view({ activity: 'lay_id_card' }))).toBeNull()
  })

  it('is nothing when the clerk withdrew what they had asked for', () => {
    const before = view({ activity: 'lay_id_card', visit: visit({ asks: [askCard] }) })
    expect(finishedBetween(before, view())).toBeNull()
  })

  it('is nothing when another affair begins', () => {
    const before = view({ visit: visit({ affair_id: 'affair-0' }) })
    expect(finishedBetween(before, view({ visit: visit({ pages: 3 }) }))).toBeNull()
  })
})

describe('the call', () => {
  it('shows pictures only while a clerk is with the resident', () => {
    const states = ['waiting', 'called', 'connecting', 'serving', 'held', 'finished', 'missed', 'abandoned'] as const
    const shown = states.filter((ticket_state) => isTalking(view({ visit: visit({ ticket_state }) })))
    expect(shown).toEqual(['called', 'connecting', 'serving', 'held'])
    expect(isTalking(view({ visit: null }))).toBe(false)
  })

  it('is interrupted when the link or the session is', () => {
    expect(isInterrupted(view())).toBe(false)
    expect(isInterrupted(view({ link_up: false }))).toBe(true)
    expect(isInterrupted(view({ visit: visit({ session_state: 'interrupted' }) }))).toBe(true)
  })
})

describe('the rest', () => {
  it('has words for a problem that nobody foresaw', () => {
    const has = (key: string): boolean => key === 'kiosk.problem.card_damaged'
    expect(problemKey('card_damaged', has)).toBe('kiosk.problem.card_damaged')
    expect(problemKey('wrong_offset', has)).toBe('kiosk.problem.other')
  })

  it('counts down the last fifteen seconds and no others', () => {
    expect(secondsLeft(null, 0)).toBeNull()
    expect(secondsLeft(20_000, 4_000)).toBeNull()
    expect(secondsLeft(20_000, 5_000)).toBe(15)
    expect(secondsLeft(20_000, 19_100)).toBe(1)
    expect(secondsLeft(20_000, 20_500)).toBeNull()
  })

  it('offers only the readers that work', () => {
    const broken = view({ devices: [{ kind: 'id_card_reader', state: 'absent', code: 'reader_absent' }] })
    expect(usableReaders(broken)).toEqual({ idCard: false, socialCard: true })
  })
})
