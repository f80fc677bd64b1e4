/** A moment as PostgreSQL keeps it. It would round a finer one up, and so to what was recorded after it. */
export const microseconds = (moment: Temporal.Instant): string =>
  moment.round({ smallestUnit: 'microsecond', roundingMode: 'floor' }).toString()
