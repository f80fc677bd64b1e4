/** A straight mapping of one range onto another. */
export const linear = (
  [fromLow, fromHigh]: readonly [number, number],
  [toLow, toHigh]: readonly [number, number],
): ((value: number) => number) => {
  const slope = fromHigh === fromLow ? 0 : (toHigh - toLow) / (fromHigh - fromLow)
  return (value) => toLow + (value - fromLow) * slope
}

/**
 * The range that a chart's line needs, with a little air; a flat line gets room on both sides, so that it lies in the
 * middle. Null where there is nothing to draw.
 */
export const rangeOf = (values: readonly (number | null)[]): readonly [number, number] | null => {
  const known = values.filter((value) => value !== null)
  if (known.length === 0) return null
  const low = Math.min(...known)
  const high = Math.max(...known)
  const air = low === high ? Math.abs(low) * 0.05 || 1 : (high - low) * 0.06
  return [low - air, high + air]
}

/**
 * Round values that lie evenly over a range, about `count` of them: steps of 1, 2 or 5 times a power of ten, the first
 * at or below the range and the last at or above it.
 */
export const ticksOf = ([low, high]: readonly [number, number], count: number): number[] => {
  const rough = (high - low) / Math.max(count, 1)
  if (!(rough > 0) || !Number.isFinite(rough)) return [low]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10) * power
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  // Multiplied and not added up, and rounded to the step: 0.1 + 0.2 would be no round value.
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  )
}

/** The range that bars from 0 need: 0 is always in it. */
export const barRangeOf = (values: readonly number[]): readonly [number, number] => {
  const low = Math.min(0, ...values)
  const high = Math.max(0, ...values)
  return low === high ? [0, 1] : [low, high]
}

/**
 * What the bars of a waterfall run over: from 0, unless the changes would then be too short to be seen. `levels` are the
 * values between which the bars lie.
 */
export const waterfallRangeOf = (
  levels: readonly number[],
): { readonly range: readonly [number, number]; readonly isCut: boolean } => {
  const low = Math.min(...levels)
  const high = Math.max(...levels)
  const length = high - low
  if (levels.length === 0 || length === 0) return { range: barRangeOf(levels), isCut: false }
  const air = length * 0.25
  if (low > 0 && length < high * 0.4) return { range: [low - air, high], isCut: true }
  if (high < 0 && length < -low * 0.4) return { range: [low, high + air], isCut: true }
  return { range: barRangeOf(levels), isCut: false }
}

/** How far a bar may run beyond baseline and target before it is cut off, in percent of the way. */
const beyondMax = 30

/**
 * Where things lie on a bar from baseline (0 %) to target (100 %), as percent of its width. It grows to show a value
 * that went beyond either end, up to a limit.
 */
export const wayScale = (percents: readonly number[]): ((percent: number) => number) => {
  const low = Math.max(Math.min(0, ...percents), -beyondMax)
  const high = Math.min(Math.max(100, ...percents), 100 + beyondMax)
  const place = linear([low, high], [0, 100])
  return (percent) => place(Math.min(Math.max(percent, low), high))
}

/** Where a value lies on the way from `baseline` to `target`, in percent. A goal without a way to go is at its target. */
export const percentOfWay = (value: number, baseline: number, target: number): number =>
  target === baseline ? 100 : ((value - baseline) / (target - baseline)) * 100

/** Starts of consecutive parts: [20, 30, 50] begin at [0, 20, 50]. */
export const startsOf = (parts: readonly number[]): number[] => {
  let sum = 0
  return parts.map((part) => {
    const start = sum
    sum += part
    return start
  })
}
