/** A signature as the protocol wants it: strokes of integer points in a box of 1000 by 400, within the limits of `Signed`. */

export const BOX_WIDTH = 1000
export const BOX_HEIGHT = 400

/** `Stroke` and `Signed.strokes` in `protocol`: at most 1000 numbers a stroke, 60 strokes. */
const MOST_POINTS = 500
const MOST_STROKES = 60
/** Points nearer than this to the last one add nothing that an eye can see. */
const NEAREST = 3
/** Less ink than this, in units of the box, is a finger that touched the pad by mistake. */
const LEAST_INK = 40

export type Stroke = number[]

/** Collects one signature. Not reactive: the pad redraws when it has added something. */
export class Signature {
  readonly strokes: Stroke[] = []
  private ink = 0
  private drawing = false

  /** Whether there is enough to be called a signature. */
  get drawn(): boolean {
    return this.ink >= LEAST_INK
  }

  /** Start a stroke at (`x`, `y`), in units of the box. Ignored when there is no room for another one. */
  start(x: number, y: number): void {
    this.drawing = this.strokes.length < MOST_STROKES
    if (this.drawing) this.strokes.push(point(x, y))
  }

  /** Go on to (`x`, `y`); returns whether that added a point. A stroke that is full goes on as a new one. */
  move(x: number, y: number): boolean {
    const stroke = this.strokes.at(-1)
    if (!this.drawing || !stroke) return false
    const [fromX = 0, fromY = 0] = stroke.slice(-2)
    const [toX = 0, toY = 0] = point(x, y)
    const step = Math.hypot(toX - fromX, toY - fromY)
    if (step < NEAREST) return false
    if (stroke.length < 2 * MOST_POINTS) {
      stroke.push(toX, toY)
    } else if (this.strokes.length < MOST_STROKES) {
      this.strokes.push([fromX, fromY, toX, toY])
    } else {
      this.drawing = false
      return false
    }
    this.ink += step
    return true
  }

  end(): void {
    this.drawing = false
  }

  clear(): void {
    this.strokes.length = 0
    this.ink = 0
    this.drawing = false
  }
}

function point(x: number, y: number): Stroke {
  return [within(x, BOX_WIDTH), within(y, BOX_HEIGHT)]
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, Math.round(value)))
}
