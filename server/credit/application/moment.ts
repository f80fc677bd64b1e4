import type { CommandContext } from '../../command.ts'

/** As PostgreSQL keeps it, so that an answer that is given again is the same. */
export const momentOf = ({ now }: Pick<CommandContext, 'now'>): Temporal.Instant =>
  now.round({ smallestUnit: 'microsecond', roundingMode: 'floor' })
