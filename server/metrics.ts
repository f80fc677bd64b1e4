/**
 * What a process counts of itself, told at /metrics in the text format of Prometheus. Of all organizations together:
 * nothing in it tells of one of them.
 */

/** Counts how many values lie below each bound. */
export type Histogram = {
  observe(value: number): void
  /** How many were observed. */
  readonly count: () => number
}

export type Metrics = {
  /** A number that is asked for when somebody looks; a counter never falls. Names begin with `tidemark_`. */
  add(kind: 'counter' | 'gauge', name: string, help: string, read: () => number): void
  /** `bounds` in ascending order. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram
  /** All of it as text. */
  text(): string
}

export const createMetrics = (): Metrics => {
  const families = new Map<string, () => readonly string[]>()

  const add = (
    kind: 'counter' | 'gauge' | 'histogram',
    name: string,
    help: string,
    samples: () => readonly string[],
  ): void => {
    if (families.has(name)) throw new Error(`The metric ${name} is there already`)
    families.set(name, () => [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples()])
  }

  return {
    add: (kind, name, help, read) => add(kind, name, help, () => [`${name} ${read()}`]),
    histogram(name, help, bounds) {
      const counts = bounds.map(() => 0)
      let count = 0
      let sum = 0
      add('histogram', name, help, () => [
        ...bounds.map((bound, index) => `${name}_bucket{le="${bound}"} ${counts[index] ?? 0}`),
        `${name}_bucket{le="+Inf"} ${count}`,
        `${name}_sum ${sum}`,
        `${name}_count ${count}`,
      ])
      return {
        observe(value) {
          count += 1
          sum += value
          bounds.forEach((bound, index) => {
            if (value <= bound) counts[index] = (counts[index] ?? 0) + 1
          })
        },
        count: () => count,
      }
    },
    text: () => `${[...families.values()].flatMap((lines) => lines()).join('\n')}\n`,
  }
}

/** In seconds, from what nobody sees to what everybody does. */
export const LATENCY_BOUNDS = [0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const
