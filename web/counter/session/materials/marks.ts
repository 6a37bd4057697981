/** Marks over a page: pure geometry, in ten-thousandths of its width and height. */
import type { Mark, MarkKind } from '@lib/protocol'

/** A place that is nearer than this to the one before it says nothing new: 0.2 % of the page. */
const NEAR = 20
/** As many places as the protocol takes of one mark. */
const MOST_PLACES = 1000

/** The mark that a pointer drew through these places; a box is its first and its last one. */
export function drawn(kind: MarkKind, points: readonly number[]): Mark {
  return { kind, points: kind === 'box' ? [...points.slice(0, 2), ...points.slice(-2)] : [...points], text: '' }
}

/** The places without those that lie on the one before; a touch that did not move leaves fewer than two. */
export function thinned(points: readonly number[]): number[] {
  const kept: number[] = []
  for (let i = 0; i + 1 < points.length; i += 2) {
    const [x = 0, y = 0] = points.slice(i)
    const [lastX, lastY] = kept.slice(-2)
    if (lastX === undefined || lastY === undefined || Math.hypot(x - lastX, y - lastY) >= NEAR) kept.push(x, y)
  }
  return kept.slice(0, 2 * MOST_PLACES)
}

/** An SVG path in a box of 10000 by 10000; empty for a note, which is words. */
export function path({ kind, points }: Mark): string {
  if (kind === 'note') return ''
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = points
  if (kind === 'box') return `M${x0} ${y0}H${x1}V${y1}H${x0}Z`
  const steps: string[] = []
  for (let i = 2; i + 1 < points.length; i += 2) steps.push(`L${points[i]} ${points[i + 1]}`)
  return `M${x0} ${y0}${steps.join('')}`
}
