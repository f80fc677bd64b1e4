/** Chance that repeats: the same seed gives the same company. */
export type Random = {
  /** From 0 up to, but without, 1. */
  fraction(): number
  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number
  chance(probability: number): boolean
  normal(mean: number, deviation: number): number
  /** How often something happened that happens `mean` times on average. */
  times(mean: number): number
  pick<Value>(values: readonly Value[]): Value
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  // mulberry32: 32 bits of state are plenty for a few hundred thousand draws.
  const fraction = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    fraction,
    whole: (from, to) => from + Math.floor(fraction() * (to - from + 1)),
    chance: (probability) => fraction() < probability,
    normal(mean, deviation) {
      const radius = Math.sqrt(-2 * Math.log(1 - fraction()))
      return mean + deviation * radius * Math.cos(2 * Math.PI * fraction())
    },
    times(mean) {
      const floor = Math.exp(-mean)
      let count = 0
      for (let product = fraction(); product > floor; product *= fraction()) count++
      return count
    },
    pick(values) {
      const value = values[Math.floor(fraction() * values.length)]
      if (value === undefined) throw new Error('There is nothing to pick from')
      return value
    },
  }
}
