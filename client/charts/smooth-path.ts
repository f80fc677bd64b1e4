type Point = readonly [x: number, y: number]

const round = (value: number): number => Math.round(value * 1000) / 1000

/**
 * The slope of the curve at each point, after Steffen (1990): never so steep that the curve leaves the range between
 * two neighbours, so that it shows no high or low that the figures do not have. Points go from left to right.
 */
const slopesOf = (points: readonly Point[]): number[] => {
  const steps = points.slice(1).map(([x, y], index) => {
    const [x0, y0] = points[index] ?? [x, y]
    return { width: x - x0, slope: (y - y0) / (x - x0) }
  })
  const inner = steps.slice(1).map((next, index) => {
    const before = steps[index] ?? next
    const mean = (before.slope * next.width + next.slope * before.width) / (before.width + next.width)
    const least = Math.min(Math.abs(before.slope), Math.abs(next.slope), Math.abs(mean) / 2)
    return (Math.sign(before.slope) + Math.sign(next.slope)) * least
  })
  const atEnd = (step: number | undefined, neighbour: number | undefined): number =>
    step === undefined ? 0 : (3 * step - (neighbour ?? step)) / 2
  return [atEnd(steps[0]?.slope, inner[0]), ...inner, atEnd(steps.at(-1)?.slope, inner.at(-1))]
}

/** One unbroken piece. A single point is a line without length, which round ends make a dot. */
const pieceOf = (points: readonly Point[]): string => {
  const [first] = points
  if (!first) return ''
  const slopes = slopesOf(points)
  const curves = points.slice(1).map(([x, y], index) => {
    const [x0, y0] = points[index] ?? [x, y]
    const third = (x - x0) / 3
    const near = y0 + third * (slopes[index] ?? 0)
    const far = y - third * (slopes[index + 1] ?? 0)
    return `C${[x0 + third, near, x - third, far, x, y].map(round).join(',')}`
  })
  return `M${first.map(round).join(',')}${curves.length === 0 ? 'h0' : curves.join('')}`
}

/** An SVG path through the points, smooth and without overshoot; a null interrupts it. */
export const smoothPath = (points: readonly (Point | null)[]): string => {
  const pieces: Point[][] = [[]]
  for (const point of points) {
    if (point === null) pieces.push([])
    else pieces.at(-1)?.push(point)
  }
  return pieces.map(pieceOf).join('')
}
