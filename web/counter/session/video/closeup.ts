/** The part of the desk that the clerk looks at, in ten-thousandths of the camera's frame. Pure. */
import type { Region } from '@lib/protocol'

export const WHOLE: Region = { x: 0, y: 0, span: 10_000 }
const LEAST = 1_000

/** Where a point of the shown picture lies in it: shares of its width and height. */
export interface Point {
  x: number
  y: number
}

/** Closer (`factor` over 1) or further away, so that what lies under the point stays there. */
export function zoomed(region: Region, factor: number, { x, y }: Point): Region {
  const span = Math.min(WHOLE.span, Math.max(LEAST, region.span / factor))
  return held({ x: region.x + x * (region.span - span), y: region.y + y * (region.span - span), span })
}

/** Moved along with the pointer, which moved by these shares of the shown picture. */
export function panned(region: Region, by: Point): Region {
  return held({ ...region, x: region.x - by.x * region.span, y: region.y - by.y * region.span })
}

export function isWhole(region: Region): boolean {
  return region.span === WHOLE.span
}

/** Where a picture of this shape (width over height) lies in a box, shown whole: in the box's pixels. */
export function shownIn(box: { width: number; height: number }, shape: number): { left: number; top: number; width: number; height: number } {
  const width = Math.min(box.width, box.height * shape)
  const height = width / shape
  return { left: (box.width - width) / 2, top: (box.height - height) / 2, width, height }
}

function held({ x, y, span }: Region): Region {
  const whole = Math.round(span)
  const inside = (place: number): number => Math.round(Math.min(WHOLE.span - whole, Math.max(0, place)))
  return { x: inside(x), y: inside(y), span: whole }
}
