/**
 * Where a KPI will be on a later day, told from its own past: by the way of telling that would have erred least, and as
 * far off as it would have been. Estimates, so floating point, where figures of the books are exact.
 */

/** Values at equal distances in time, oldest first, such as week by week; null where there was none. */
export type Series = readonly (number | null)[]

/**
 * Ways of telling the value so many steps after the last: it stays what it is; it goes back to the mean of the last half
 * year; it goes on as it mostly went, ever slower; it changes as it did at the same time a year before.
 */
export type ForecastMethod = 'NO_CHANGE' | 'LEVEL' | 'TREND' | 'SEASONAL'

/** The values between which the share of outcomes lies. */
export type Band = { readonly low: number; readonly high: number }

export type Forecast = {
  readonly method: ForecastMethod
  readonly value: number
  /** The same one step ahead, two steps ahead, up to all of them; null where the method cannot tell. */
  readonly path: Series
  readonly half: Band
  readonly mostly: Band
  /** What it is made of: the value as the method tells it, off by each error of the past. Ascending. */
  readonly outcomes: readonly number[]
  /** How many of them tell something new: see `bandsOf`. */
  readonly independent: number
  readonly backTest: BackTest
}

/** How it would have done, had it been asked at each step of the past so many steps ahead. */
export type BackTest = {
  readonly tries: number
  /** Mean absolute errors, of the method and of taking the value for unchanged. */
  readonly error: number
  readonly noChangeError: number
  /** Of the outcomes of the past, the share within the bands that would have been told with what was known then. */
  readonly insideHalf: number | null
  readonly insideMostly: number | null
}

export type ForecastFault = 'TOO_SHORT' | 'NO_VALUE'

/** Fewer tries say nothing of how far off a forecast is. */
const TRIES_MIN = 12
/** A way that errs less by no more than this may owe it to luck. */
const BETTER_BY = 0.1
/** As many steps back as levels and trends are taken from, half a year of weeks. */
const RECENT_STEPS = 26
/** Of a trend this share is left with each step. */
const DAMPING = 0.95

export type ForecastOptions = {
  /** Steps from the last value to the day that is asked for; at least 1. */
  readonly ahead: number
  readonly stepsPerYear: number
}

/**
 * What takes long to find and hardly changes within a day: the way of telling, and how far off it was. Plain data, as it is
 * kept.
 */
export type Fit = ForecastOptions & {
  readonly method: ForecastMethod
  /** The latest values, enough of them for every method. */
  readonly tail: Series
  /** Of all tries: what came less what was told. Ascending. */
  readonly errors: readonly number[]
  readonly backTest: BackTest
}

/** The last value must be known: a forecast of what is not known today is none. */
export function forecast(series: Series, options: ForecastOptions): Forecast | ForecastFault {
  const found = fit(series, options)
  return typeof found === 'string' ? found : tellFrom(found, series.at(-1) ?? 0)
}

export function fit(series: Series, options: ForecastOptions): Fit | ForecastFault {
  if ((series.at(-1) ?? null) === null) return 'NO_VALUE'
  const noChange = errorsOf(series, 'NO_CHANGE', options)
  if (noChange.length < TRIES_MIN) return 'TOO_SHORT'
  const { method, tried } = bestOf(series, noChange, options)
  return {
    ...options,
    method,
    tail: series.slice(-1 - Math.max(options.stepsPerYear, RECENT_STEPS)),
    errors: tried.map(({ error }) => error).toSorted(ascending),
    backTest: {
      tries: tried.length,
      error: meanError(tried),
      noChangeError: meanError(inCommon(noChange, tried)[0]),
      ...coverageOf(tried, options),
    },
  }
}

/** The forecast from `last` on, the value of today by now. */
export function tellFrom({ method, tail, errors, backTest, ...options }: Fit, last: number): Forecast {
  const series = [...tail.slice(0, -1), last]
  const tell = teller(series, series.length - 1, method, options)
  const path = Array.from({ length: options.ahead }, (_, index) => tell(index + 1))
  const value = path.at(-1) ?? last
  const outcomes = errors.map((error) => value + error)
  return {
    method,
    value,
    path,
    ...bandsOf(outcomes, options.ahead),
    outcomes,
    independent: independentOf(outcomes, options.ahead),
    backTest,
  }
}

type Told = { readonly method: ForecastMethod; readonly tried: readonly Tried[] }

/** Of the ways that can tell today, the one that would have erred least, if that is clearly less. */
const bestOf = (series: Series, noChange: readonly Tried[], options: ForecastOptions): Told =>
  methods
    .filter((method) => teller(series, series.length - 1, method, options)(options.ahead) !== null)
    .map((method): Told => ({ method, tried: errorsOf(series, method, options) }))
    .filter(({ tried }) => tried.length >= TRIES_MIN)
    .reduce(
      (best, one) => {
        // On the tries that both had: what is told from a year before can be told more rarely.
        const [mine, others] = inCommon(one.tried, best.tried)
        return meanError(mine) < (1 - BETTER_BY) * meanError(others) ? one : best
      },
      { method: 'NO_CHANGE', tried: noChange },
    )

/**
 * The share of outcomes that reach the target, never quite 0 or 1 (Laplace's rule of succession): what did not happen in a
 * few tries may happen.
 */
export function probabilityOf(
  { outcomes, independent }: Pick<Forecast, 'outcomes' | 'independent'>,
  reaches: (value: number) => boolean,
): number {
  const share = outcomes.filter(reaches).length / outcomes.length
  return (share * independent + 1) / (independent + 2)
}

const methods: readonly Exclude<ForecastMethod, 'NO_CHANGE'>[] = ['LEVEL', 'TREND', 'SEASONAL']

/** What the method told at a step of the past, less what came. */
type Tried = { readonly at: number; readonly error: number }

function errorsOf(series: Series, method: ForecastMethod, options: ForecastOptions): Tried[] {
  const tried: Tried[] = []
  for (let at = 0; at + options.ahead < series.length; at++) {
    const told = teller(series, at, method, options)(options.ahead)
    const came = series[at + options.ahead]
    if (told !== null && came !== null && came !== undefined) tried.push({ at, error: came - told })
  }
  return tried
}

/** Tells, at the step `at` and of nothing but what was known then, the value so many steps ahead. */
function teller(
  series: Series,
  at: number,
  method: ForecastMethod,
  { stepsPerYear }: ForecastOptions,
): (ahead: number) => number | null {
  const now = series[at] ?? null
  if (now === null) return () => null
  const recent = () => series.slice(Math.max(0, at - RECENT_STEPS), at + 1)
  switch (method) {
    case 'NO_CHANGE':
      return () => now
    case 'LEVEL': {
      const level = meanOf(recent())
      return () => level
    }
    case 'TREND': {
      const slope = slopeOf(recent())
      return (ahead) =>
        slope === null ? null : now + (slope * DAMPING * (1 - DAMPING ** ahead)) / (1 - DAMPING)
    }
    case 'SEASONAL': {
      const then = series[at - stepsPerYear] ?? null
      return (ahead) => {
        const later = ahead <= stepsPerYear ? (series[at - stepsPerYear + ahead] ?? null) : null
        return then === null || later === null ? null : now + later - then
      }
    }
  }
}

const meanOf = (values: Series): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length <= RECENT_STEPS / 2 ? null : known.reduce((sum, value) => sum + value, 0) / known.length
}

/** Theil and Sen: the middle of the slopes between any two, which single wild values do not move. */
function slopeOf(values: Series): number | null {
  if (values.length <= RECENT_STEPS / 2) return null
  const slopes: number[] = []
  for (const [from, before] of values.entries())
    for (let to = from + 1; to < values.length; to++) {
      const after = values[to] ?? null
      if (before !== null && after !== null) slopes.push((after - before) / (to - from))
    }
  return slopes.length === 0 ? null : quantile(slopes.toSorted(ascending), 0.5)
}

function inCommon(some: readonly Tried[], others: readonly Tried[]): [Tried[], Tried[]] {
  const [ofSome, ofOthers] = [some, others].map((tried) => new Set(tried.map(({ at }) => at)))
  return [some.filter(({ at }) => ofOthers?.has(at)), others.filter(({ at }) => ofSome?.has(at))]
}

const meanError = (tried: readonly Tried[]): number =>
  tried.length === 0 ? Infinity : tried.reduce((sum, { error }) => sum + Math.abs(error), 0) / tried.length

/**
 * Tries a step apart share most of what happened to them: only as many tell something new as there are times that the way
 * ahead fits between them.
 */
const independentOf = (tries: readonly number[], ahead: number): number => Math.max(2, tries.length / ahead)

/**
 * A few independent tries say little of how far off it can be, so their bands are wider than their quantiles (split
 * conformal prediction: Papadopoulos and others, 2002).
 */
function bandsOf(outcomes: readonly number[], ahead: number): Pick<Forecast, 'half' | 'mostly'> {
  const independent = independentOf(outcomes, ahead)
  const band = (tail: number): Band => {
    const share = Math.max(0, (tail * (independent + 1) - 1) / (independent - 1))
    return { low: quantile(outcomes, share), high: quantile(outcomes, 1 - share) }
  }
  return { half: band(0.25), mostly: band(0.1) }
}

/** At each step that had enough tries behind it by then: did the error lie within the bands of the errors before? */
function coverageOf(
  tried: readonly Tried[],
  { ahead }: ForecastOptions,
): Pick<BackTest, 'insideHalf' | 'insideMostly'> {
  const told = tried.flatMap(({ at, error }) => {
    const before = tried.filter((one) => one.at + ahead <= at).map((one) => one.error)
    if (before.length < TRIES_MIN) return []
    const { half, mostly } = bandsOf(before.toSorted(ascending), ahead)
    return [{ half: isInside(error, half), mostly: isInside(error, mostly) }]
  })
  const share = (inside: (one: { readonly half: boolean; readonly mostly: boolean }) => boolean) =>
    told.length === 0 ? null : told.filter(inside).length / told.length
  return { insideHalf: share(({ half }) => half), insideMostly: share(({ mostly }) => mostly) }
}

const isInside = (value: number, { low, high }: Band): boolean => value >= low && value <= high

/** Of values that ascend, between the two nearest. */
function quantile(values: readonly number[], share: number): number {
  const place = (values.length - 1) * share
  const [below, above] = [values[Math.floor(place)] ?? NaN, values[Math.ceil(place)] ?? NaN]
  return below + (above - below) * (place - Math.floor(place))
}

const ascending = (a: number, b: number): number => a - b
