/** What is wrong with a page, and where on it that can be shown. Pure. */
import type { Flaw, FlawKind } from '@lib/protocol'

/** In thousandths of the page as it is stored; `named` is the first of its kind, which bears the word. */
export interface Outline {
  kind: FlawKind
  x: number
  y: number
  width: number
  height: number
  named: boolean
}

/** A corner so near to the frame's edge, in ten-thousandths, may go on outside: what the booth calls cut off, and a little. */
const NEAR_EDGE = 60
/** How deep the strip along a cut side is drawn. */
const STRIP = 12

/** Where the flaws are. Of a page that was cut off the sides that go on outside the frame; of the whole page's flaws nothing. */
export function outlines(flaws: readonly Flaw[], corners: readonly number[] | null, turned: number): Outline[] {
  return flaws.flatMap(({ kind, where }) => {
    const boxes = kind === 'cut_off' && where.length === 0 ? cutSides(corners, turned).map(strip) : where
    return boxes.map(({ x, y, width, height }, i) => ({ kind, x, y, width, height, named: i === 0 }))
  })
}

/** The kinds, each once, in the booth's order: the worst first. */
export function kinds(flaws: readonly Flaw[]): FlawKind[] {
  return [...new Set(flaws.map(({ kind }) => kind))]
}

/**
 * The page's sides (0 top, 1 right, 2 bottom, 3 left) that lie on the frame's edge. `corners` are in the frame, clockwise from the corner
 * that was the upper left one before the booth gave the page `turned` quarter turns clockwise.
 */
export function cutSides(corners: readonly number[] | null, turned: number): number[] {
  if (corners?.length !== 8) return []
  const edges = [0, 1, 2, 3].map((n) => edgesAt(corners[2 * n] ?? 0, corners[2 * n + 1] ?? 0))
  const sides = [0, 1, 2, 3]
  const whole = sides.filter((side) => edges[side]?.some((edge) => edges[(side + 1) % 4]?.includes(edge)))
  const touched = sides.filter((side) => edges[side]?.length || edges[(side + 1) % 4]?.length)
  return (whole.length > 0 ? whole : touched).map((side) => (side + turned) % 4).sort()
}

function edgesAt(x: number, y: number): string[] {
  const near = { left: x, top: y, right: 10_000 - x, bottom: 10_000 - y }
  return Object.entries(near).flatMap(([edge, away]) => (away < NEAR_EDGE ? [edge] : []))
}

function strip(side: number): { x: number; y: number; width: number; height: number } {
  const across = side % 2 === 0
  return {
    x: side === 1 ? 1000 - STRIP : 0,
    y: side === 2 ? 1000 - STRIP : 0,
    width: across ? 1000 : STRIP,
    height: across ? STRIP : 1000,
  }
}
