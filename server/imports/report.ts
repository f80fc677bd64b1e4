/** What an import did, or would do: data for scripts, and the same in words. */

export type Problem = {
  /** As an editor counts: the header is line 1. */
  readonly line: number
  /** The column's name in the file; empty where the whole row is at fault. */
  readonly column: string
  readonly reason: string
}

/**
 * - IMPORTED: all that the file says is in the books.
 * - UNCHANGED: it was there before.
 * - PARTLY_IMPORTED: the rejected rows are not.
 * - REFUSED: nothing was written.
 */
export type ImportOutcome = 'IMPORTED' | 'UNCHANGED' | 'PARTLY_IMPORTED' | 'REFUSED'

/** The same for a dry run as for the import itself. */
export type ImportReport = {
  readonly outcome: ImportOutcome
  readonly organization: string
  readonly file: string
  readonly mapping: string
  /** Every row below the header is exactly one of the others. */
  readonly rows: {
    readonly read: number
    readonly leftOut: number
    readonly new: number
    readonly changed: number
    readonly unchanged: number
    readonly rejected: number
  }
  /** What the changed rows changed; a row may be in more than one. */
  readonly changes: { readonly settled: number; readonly reDated: number; readonly corrected: number }
  readonly customersCreated: number
  readonly problemCount: number
  /** The first of them, by line. */
  readonly problems: readonly Problem[]
  /** Where every rejected row stands with its reasons. */
  readonly rejectedFile: string | null
  readonly unusedColumns: readonly string[]
}

/** How many problems a report lists; the rejected file has all. */
export const PROBLEMS_LISTED_MAX = 100

/** 0: done; 1: refused; 2: partly done. */
export function exitCodeOf({ outcome }: Pick<ImportReport, 'outcome'>): 0 | 1 | 2 {
  return outcome === 'REFUSED' ? 1 : outcome === 'PARTLY_IMPORTED' ? 2 : 0
}

/** For the terminal, line by line. */
export function describeImport(report: ImportReport, dryRun: boolean): string[] {
  const { rows, changes, problemCount, problems, rejectedFile, unusedColumns } = report
  return [
    ...problems.map(describeProblem),
    ...(problemCount > problems.length ? [`... and ${problemCount - problems.length} more problems`] : []),
    ...(rejectedFile === null ? [] : [`The rejected rows and their reasons are in ${rejectedFile}`]),
    ...(unusedColumns.length === 0 ? [] : [`Columns not used: ${unusedColumns.join(', ')}`]),
    `${plural(rows.read, 'row')} read: ${rows.new} new, ${rows.changed} changed (${changes.settled} settled, ${changes.reDated} re-dated, ${changes.corrected} corrected), ${rows.unchanged} unchanged, ${rows.leftOut} left out, ${rows.rejected} rejected`,
    ...(report.customersCreated === 0 ? [] : [plural(report.customersCreated, 'new customer')]),
    conclusion(report, dryRun),
  ]
}

export const describeProblem = ({ line, column, reason }: Problem): string =>
  `line ${line}${column === '' ? '' : `, ${column}`}: ${reason}`

function conclusion({ outcome, organization, rows }: ImportReport, dryRun: boolean): string {
  const wouldHave = dryRun ? 'Dry run, nothing was written. The import would say: ' : ''
  switch (outcome) {
    case 'IMPORTED':
      return `${wouldHave}Imported into ${organization}.`
    case 'UNCHANGED':
      return `${wouldHave}Nothing changed: the books of ${organization} already say all of this.`
    case 'PARTLY_IMPORTED':
      return `${wouldHave}Imported into ${organization}, except for ${plural(rows.rejected, 'rejected row')}.`
    case 'REFUSED':
      return `${wouldHave}Refused, nothing was written: ${plural(rows.rejected, 'row')} cannot be taken. Correct the file, or import the good rows with --partial.`
  }
}

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`
