/** Four corners in a frame, x0, y0 … x3, y3 in ten-thousandths, clockwise from the page's upper left one. Pure. */

/** Where the corners stand before anybody moved them: a tenth inside the frame. */
export const FIRST_CORNERS: readonly number[] = [1000, 1000, 9000, 1000, 9000, 9000, 1000, 9000]

/** The corners with number `n` at these shares of the frame's width and height, held within it. */
export function moved(corners: readonly number[], n: number, x: number, y: number): number[] {
  const place = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * 10_000)
  return corners.map((old, i) => (i === 2 * n ? place(x) : i === 2 * n + 1 ? place(y) : old))
}

/** Whether they go round a page: convex, clockwise, and no corner on another. */
export function isConvex(corners: readonly number[]): boolean {
  for (let n = 0; n < 4; n++) {
    const [ax, ay] = corner(corners, n)
    const [bx, by] = corner(corners, n + 1)
    const [cx, cy] = corner(corners, n + 2)
    if ((bx - ax) * (cy - by) - (by - ay) * (cx - bx) < 10_000) return false
  }
  return true
}

function corner(corners: readonly number[], n: number): [number, number] {
  return [corners[(2 * n) % 8] ?? 0, corners[(2 * n + 1) % 8] ?? 0]
}
