/** Where a page stands in the viewer: pure geometry, in CSS pixels from the stage's centre. */

export interface View {
  scale: number
  /** The picture's centre, from the stage's. */
  x: number
  y: number
  /** Quarter turns clockwise, 0 to 3. */
  quarter: number
}

export interface Size {
  width: number
  height: number
}

const SMALLEST = 0.05
const LARGEST = 8
const MARGIN_PX = 24

/** The whole picture, as large as it goes, never enlarged beyond 1:1. */
export function fitted(picture: Size, stage: Size, quarter: number): View {
  const [width, height] = quarter % 2 === 0 ? [picture.width, picture.height] : [picture.height, picture.width]
  if (width <= 0 || height <= 0) return { scale: 1, x: 0, y: 0, quarter }
  const room = Math.min((stage.width - 2 * MARGIN_PX) / width, (stage.height - 2 * MARGIN_PX) / height)
  return { scale: clamp(Math.min(1, room)), x: 0, y: 0, quarter }
}

/** Zoomed so that what is under (`x`, `y`) stays there. */
export function zoomedAt(view: View, factor: number, x: number, y: number): View {
  const scale = clamp(view.scale * factor)
  const real = scale / view.scale
  return { ...view, scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real }
}

/**
 * Which place of the page lies at (`x`, `y`) from the stage's centre: ten-thousandths of its width and height before any turn, held
 * within the page.
 */
export function onPage(view: View, picture: Size, x: number, y: number): [number, number] {
  let [across, down] = [(x - view.x) / view.scale, (y - view.y) / view.scale]
  for (let i = 0; i < view.quarter % 4; i++) [across, down] = [down, -across]
  return [share(across, picture.width), share(down, picture.height)]
}

function share(fromMiddle: number, length: number): number {
  return length > 0 ? Math.round(Math.min(1, Math.max(0, fromMiddle / length + 0.5)) * 10_000) : 0
}

function clamp(scale: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, scale))
}
