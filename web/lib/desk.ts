/** What the document camera sees, made ready to be drawn and said. */
import type { DeskSeen, Outline, Region } from './protocol'

/** The frame is drawn so many units wide; strokes and corners are in the same units. */
export const WIDTH = 1000

const FULL_SPAN = 10_000

/** The `viewBox` that lies over the picture exactly, when both are fitted by `contain` / `xMidYMid meet`; over that region of it, when the picture shows no more. */
export function viewBox(seen: DeskSeen, region: Region = { x: 0, y: 0, span: FULL_SPAN }): string {
  const [width, height] = [WIDTH / FULL_SPAN, WIDTH / seen.aspect / FULL_SPAN]
  return [region.x * width, region.y * height, region.span * width, region.span * height].map(round).join(' ')
}

/** The outline's corners as an SVG `points` list. */
export function points(outline: Outline, aspect: number): string {
  const height = WIDTH / aspect
  const { corners } = outline
  return [0, 2, 4, 6].map((i) => `${round((corners[i] ?? 0) * WIDTH)},${round((corners[i + 1] ?? 0) * height)}`).join(' ')
}

/** The last part of the text's key. */
export function wordOf(seen: DeskSeen): string {
  return seen.state === 'taken' && seen.more ? 'taken_more' : seen.state
}

/** `good`: hold on, or done; `bad`: it must be laid again; else it is being laid. */
export function toneOf(seen: DeskSeen): 'good' | 'bad' | 'plain' {
  if (seen.state === 'still' || seen.state === 'taken') return 'good'
  return seen.state === 'flawed' || seen.state === 'blind' ? 'bad' : 'plain'
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
