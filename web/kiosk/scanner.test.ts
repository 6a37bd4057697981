import { describe, expect, it } from 'vitest'

import { Scanner } from './scanner'

/** Type `text` with `gapMs` between the keys, then Enter; returns what came of it. */
function typeInto(scanner: Scanner, text: string, gapMs: number, fromMs = 0): string | null {
  let at = fromMs
  for (const key of text) {
    expect(scanner.key(key, at)).toBeNull()
    at += gapMs
  }
  return scanner.key('Enter', at)
}

describe('the hand scanner', () => {
  it('gives the whole code of a quick burst', () => {
    expect(typeInto(new Scanner(), 'SSM-0123456789-invented', 4)).toBe('SSM-0123456789-invented')
  })

  it('ignores keys that a person types', () => {
    expect(typeInto(new Scanner(), 'SSM-0123456789', 350)).toBeNull()
  })

  it('ignores an Enter that comes long after the burst', () => {
    const scanner = new Scanner()
    for (const [index, key] of [...'SSM-01234567'].entries()) scanner.key(key, index)
    expect(scanner.key('Enter', 5000)).toBeNull()
  })

  it('ignores a burst that is too short to be a code', () => {
    expect(typeInto(new Scanner(), '12345', 3)).toBeNull()
  })

  it('starts afresh after a pause, so that an old key never gets into a new code', () => {
    const scanner = new Scanner()
    scanner.key('x', 0)
    expect(typeInto(scanner, 'ABCDEFGH', 5, 1000)).toBe('ABCDEFGH')
  })

  it('keeps capital letters although Shift is a key of its own', () => {
    const scanner = new Scanner()
    let at = 0
    for (const key of ['Shift', 'A', 'Shift', 'B', '1', '2', '3', '4']) scanner.key(key, (at += 5))
    expect(scanner.key('Enter', at + 5)).toBe('AB1234')
  })

  it('drops a burst that is longer than a code can be, and reads the next one', () => {
    const scanner = new Scanner()
    expect(typeInto(scanner, '9'.repeat(513), 1)).toBeNull()
    expect(typeInto(scanner, '9'.repeat(512), 1, 10_000)).toBe('9'.repeat(512))
  })

  it('forgets a code as soon as it has given it', () => {
    const scanner = new Scanner()
    expect(typeInto(scanner, 'ABCDEFGH', 5)).toBe('ABCDEFGH')
    expect(scanner.key('Enter', 45)).toBeNull()
  })
})
