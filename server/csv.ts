/** Lines of a CSV file (RFC 4180) that spreadsheets open safely. */

export const csvLine = (cells: readonly (string | null)[]): string => `${cells.map(csvCell).join(',')}\r\n`

/**
 * Spreadsheets take a cell that begins with one of these for a formula, and carry it out: an apostrophe before it makes
 * it the text that it is.
 */
const FORMULA = /^[=+\-@\t\r]/

const csvCell = (cell: string | null): string => {
  const text = cell === null ? '' : FORMULA.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
