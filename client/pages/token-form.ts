/** What the form of a new token says, as the API takes it. */

/** How long a token lives. `DAY`: until a day of choice. */
export const lifetimes = [
  { id: 'P30D', label: '30 days', days: 30 },
  { id: 'P90D', label: '90 days', days: 90 },
  { id: 'P1Y', label: 'One year', days: 365 },
  { id: 'DAY', label: 'Until a day', days: null },
  { id: 'NEVER', label: 'For ever', days: null },
] as const

const dayMs = 86_400_000

/** The instant at which it is over, ISO text; null for never. `day` ends with its last moment on the viewer's clock. */
export const expiryOf = (lifetime: string, day: string, now: number): string | null => {
  const found = lifetimes.find(({ id }) => id === lifetime)
  if (found?.days != null) return new Date(now + found.days * dayMs).toISOString()
  if (found?.id !== 'DAY' || day === '') return null
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number)
  return new Date(year, month - 1, date + 1).toISOString()
}

/** Addresses, however they were separated. */
export const addressesOf = (text: string): string[] => text.split(/[\s,;]+/).filter((part) => part !== '')
