import { describe, expect, it } from 'vitest'

import { BOX_HEIGHT, BOX_WIDTH, Signature } from './strokes'

describe('a signature', () => {
  it('is made of integer points inside the box, wherever the finger went', () => {
    const signature = new Signature()
    signature.start(-20, 12.4)
    signature.move(500.6, 900)
    signature.move(5000, -3)
    expect(signature.strokes).toEqual([[0, 12, 501, BOX_HEIGHT, BOX_WIDTH, 0]])
  })

  it('is not one before something was drawn: a mere touch is none', () => {
    const signature = new Signature()
    signature.start(100, 100)
    signature.end()
    expect(signature.drawn).toBe(false)
    signature.start(100, 100)
    signature.move(160, 100)
    expect(signature.drawn).toBe(true)
  })

  it('leaves out points that are too near to be seen', () => {
    const signature = new Signature()
    signature.start(10, 10)
    expect(signature.move(11, 11)).toBe(false)
    expect(signature.move(14, 14)).toBe(true)
    expect(signature.strokes).toEqual([[10, 10, 14, 14]])
  })

  it('takes no point while no finger is down', () => {
    const signature = new Signature()
    expect(signature.move(50, 50)).toBe(false)
    signature.start(10, 10)
    signature.end()
    expect(signature.move(90, 90)).toBe(false)
    expect(signature.strokes).toEqual([[10, 10]])
  })

  it('goes on as a new stroke from the same place when a stroke is full', () => {
    const signature = new Signature()
    signature.start(0, 0)
    for (let step = 1; step <= 700; step++) signature.move(step % 2 ? 100 : 0, 0)
    expect(signature.strokes.map((stroke) => stroke.length)).toEqual([1000, 404])
    expect(signature.strokes[1]?.slice(0, 2)).toEqual(signature.strokes[0]?.slice(-2))
  })

  it('never has more strokes than the protocol allows', () => {
    const signature = new Signature()
    for (let stroke = 0; stroke < 80; stroke++) {
      signature.start(stroke, 10)
      signature.move(stroke + 50, 60)
      signature.end()
    }
    expect(signature.strokes).toHaveLength(60)
  })

  it('is empty again after it was cleared', () => {
    const signature = new Signature()
    signature.start(0, 0)
    signature.move(300, 300)
    signature.clear()
    expect(signature.strokes).toEqual([])
    expect(signature.drawn).toBe(false)
  })
})
