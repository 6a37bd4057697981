import { describe, expect, it } from 'vitest'

import { points, toneOf, viewBox, wordOf } from './desk'
import type { DeskSeen } from './protocol'

const SEEN: DeskSeen = {
  type: 'desk_seen',
  state: 'still',
  aspect: 4 / 3,
  outlines: [{ corners: [0.1, 0.2, 0.9, 0.2, 0.9, 0.8, 0.1, 0.8] }],
  wanted: true,
  more: false,
  taken: 0,
  shots: 0,
  flaw: null,
  trouble: null,
}

describe('what the document camera sees', () => {
  it('is drawn in the units of its own frame', () => {
    expect(viewBox(SEEN)).toBe('0 0 1000 750')
    expect(viewBox(SEEN, { x: 5000, y: 2000, span: 2500 })).toBe('500 150 250 187.5')
    expect(points(SEEN.outlines[0]!, SEEN.aspect)).toBe('100,150 900,150 900,600 100,600')
  })

  it('asks for the next page only when more are wanted', () => {
    expect(wordOf(SEEN)).toBe('still')
    expect(wordOf({ ...SEEN, state: 'taken' })).toBe('taken')
    expect(wordOf({ ...SEEN, state: 'taken', more: true })).toBe('taken_more')
  })

  it('is good, bad or neither', () => {
    expect(toneOf(SEEN)).toBe('good')
    expect(toneOf({ ...SEEN, state: 'flawed' })).toBe('bad')
    expect(toneOf({ ...SEEN, state: 'moving' })).toBe('plain')
  })
})
