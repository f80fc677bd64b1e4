import type { GoalStatus } from '../documents.generated.ts'

/** The order in which people want to know: what needs them first. */
export const statusOrder = [
  'OFF_TRACK',
  'MISSED',
  'AT_RISK',
  'ON_TRACK',
  'ACHIEVED',
  'PENDING_START',
  'STALE',
  'NO_DATA',
  'INSUFFICIENT_DATA',
  'ABANDONED',
] as const satisfies readonly GoalStatus[]
