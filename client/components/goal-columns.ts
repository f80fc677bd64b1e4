/** The numbers of columns that `.goal-grid` in `base.css` has room for at its widths. */
export const columnsMaxima = [2, 3, 4, 5, 6] as const

/** Columns, at most `columnsMax`, so that the rows are filled evenly: six goals are 3 + 3, not 4 + 2. */
export const balancedColumns = (count: number, columnsMax: number): number => {
  const rows = Math.ceil(count / columnsMax)
  return rows === 0 ? 1 : Math.ceil(count / rows)
}
