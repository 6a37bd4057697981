/** A stroke (x0, y0, x1, y1 …) as an SVG path; a lone point becomes a dot. */
export function strokePath(stroke: readonly number[]): string {
  const points: string[] = []
  for (let i = 0; i + 1 < stroke.length; i += 2) points.push(`${stroke[i]} ${stroke[i + 1]}`)
  const [first, ...rest] = points
  if (first === undefined) return ''
  return `M${first} ${rest.length === 0 ? `L${first}` : rest.map((point) => `L${point}`).join(' ')}`
}
