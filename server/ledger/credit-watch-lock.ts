/** Who looks for what customers use of their credit holds this lock, without waiting for it. */
export const creditWatchLock = (organizationId: string): string => `credit watch ${organizationId}`

/** The place before the first customer, from which all are looked at. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'
