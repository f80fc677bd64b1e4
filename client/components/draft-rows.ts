/** Rows of a form that come and go; `row` tells them apart, whatever their place is. */
type Row = { readonly row: number }

/** What the next row is told apart by. */
export const nextRow = (rows: readonly Row[]): number => Math.max(-1, ...rows.map(({ row }) => row)) + 1

export const changedRow = <R extends Row>(rows: readonly R[], row: number, changes: Partial<R>): R[] =>
  rows.map((one) => (one.row === row ? { ...one, ...changes } : one))

export const withoutRow = <R extends Row>(rows: readonly R[], row: number): R[] =>
  rows.filter((one) => one.row !== row)
