/** What can have moved a KPI, in the order in which it is told, and in words. */
export const drivers = [
  'SALES_VOLUME',
  'SALES_TIMING',
  'TERMS',
  'DELINQUENCY',
  'DISPUTES',
  'UNAPPLIED_CASH',
  'CURRENCY',
  'NUMERATOR',
  'DENOMINATOR',
  'AMOUNT',
] as const
export type Driver = (typeof drivers)[number]

export const driverTexts: {
  readonly [D in Driver]: { readonly name: string; readonly description: string }
} = {
  SALES_VOLUME: {
    name: 'Sales volume',
    description:
      'More sales a day make fewer days of the same open bills. What sales themselves leave open, at the terms as they are, grows and shrinks with them and does not count here.',
  },
  SALES_TIMING: {
    name: 'Timing of sales',
    description:
      'Bills of the window that are not due yet, against what there would be had they been spread evenly over it: sales late in the window are still open, whoever pays on time.',
  },
  TERMS: {
    name: 'Terms of payment',
    description:
      'The mean days to pay of what was billed in the window; and what is not due yet although it was billed before, or only because its due date was moved.',
  },
  DELINQUENCY: {
    name: 'Late and early payment',
    description:
      'What is past due and not disputed, less what was settled before it fell due, less what was paid and is not applied yet.',
  },
  DISPUTES: { name: 'Disputes', description: 'What is past due and disputed.' },
  UNAPPLIED_CASH: {
    name: 'Unapplied cash',
    description: 'Money that came and is not applied to invoices: these still count as owed.',
  },
  CURRENCY: {
    name: 'Exchange rates',
    description:
      'The same balances and sales in other currencies at the rates of the other day. All else is at the mean of both days.',
  },
  NUMERATOR: { name: 'Numerator', description: 'What is divided, at the mean of what it is divided by.' },
  DENOMINATOR: { name: 'Denominator', description: 'What it is divided by, at the mean of what is divided.' },
  AMOUNT: { name: 'Amount', description: 'The value itself: nothing is divided.' },
}
