import { runCommand, type Audited, type CommandContext } from '../command.ts'
import { writeAudit } from '../ledger/audit.ts'
import { appendSalesPlan, type PlanWritten } from '../ledger/sales-plan.ts'
import { invalid, isProblem, type Problem } from '../problem.ts'
import { readRequiredText, SENTENCE_LENGTH_MAX } from '../text.ts'
import type { ImportSalesPlanInput, SetSalesPlanInput } from '../schema.generated.ts'
import { faultOfTerms, readPlanFile, readPlanRows, type PlanFault, type PlanRead } from './rows.ts'

export type SalesPlanSet = Audited & PlanWritten
export type SalesPlanImported = SalesPlanSet & { readonly unusedColumns: readonly string[] }

/** Nothing was written, for rows are at fault. */
export type SalesPlanRefused = {
  readonly __typename: 'SalesPlanRefused'
  readonly message: string
  readonly code: 'INVALID'
  readonly path: readonly string[]
  readonly faults: readonly PlanFault[]
}

const ROWS_MAX = 10_000
const FAULTS_MAX = 1_000
/** A hundred thousand lines take seconds. */
const TIMEOUT_MS = 60_000

/** Records all rows of a plan, or none where one of them is at fault. */
export async function setSalesPlan(
  context: CommandContext,
  input: SetSalesPlanInput,
): Promise<SalesPlanSet | SalesPlanRefused | Problem> {
  const common = readCommon(input)
  if (isProblem(common)) return common
  const { length } = input.rows
  if (length < 1 || length > ROWS_MAX)
    return invalid(['rows'], `1 to ${ROWS_MAX.toLocaleString('en')} rows are taken at once, not ${length}`)
  const read = readPlanRows(input.rows, common.termsDays)
  return write(context, { action: 'setSalesPlan', input, reason: common.reason, path: 'rows' }, read)
}

/** The same by the lines of a file. */
export async function importSalesPlan(
  context: CommandContext,
  input: ImportSalesPlanInput,
): Promise<SalesPlanImported | SalesPlanRefused | Problem> {
  const common = readCommon(input)
  if (isProblem(common)) return common
  const usual = { currency: context.organization.baseCurrency, termsDays: common.termsDays }
  const file = readPlanFile(input.csv, usual)
  if (isProblem(file)) return file
  const command = { action: 'importSalesPlan', input, reason: common.reason, path: 'csv' } as const
  const outcome = await write(context, command, file)
  return 'audit' in outcome ? { ...outcome, unusedColumns: file.unusedColumns } : outcome
}

function readCommon(input: SetSalesPlanInput | ImportSalesPlanInput) {
  const reason = readRequiredText(input.reason, ['reason'], SENTENCE_LENGTH_MAX)
  if ('code' in reason) return reason
  const termsDays = input.termsDays ?? null
  const fault = termsDays === null ? null : faultOfTerms(termsDays)
  return fault === null ? { reason: reason.text, termsDays } : invalid(['termsDays'], fault)
}

type PlanCommand = {
  readonly action: 'setSalesPlan' | 'importSalesPlan'
  readonly input: SetSalesPlanInput | ImportSalesPlanInput
  readonly reason: string
  readonly path: 'rows' | 'csv'
}

async function write(
  context: CommandContext,
  { action, input, reason, path }: PlanCommand,
  { rows, faults }: PlanRead,
): Promise<SalesPlanSet | SalesPlanRefused | Problem> {
  if (faults.length > 0) return refusal(faults, path)
  const command = { action, input, timeoutMs: TIMEOUT_MS, rows: rows.length }
  return runCommand<SalesPlanSet>(context, command, async (tx) => {
    const { id } = context.organization
    const after = { rows: rows.length }
    const audit = await writeAudit(tx, context, { action, subject: id, after, reason })
    return { ...(await appendSalesPlan(tx, id, rows, audit.id)), audit }
  })
}

function refusal(faults: readonly PlanFault[], path: 'rows' | 'csv'): SalesPlanRefused {
  const [first] = faults
  const place = path === 'csv' ? 'line' : 'row'
  const count = new Set(faults.map(({ row }) => row)).size
  const field = first?.path.length ? `, ${first.path.join('.')}` : ''
  return {
    __typename: 'SalesPlanRefused',
    message: `${count} of the ${place}s cannot be taken, so none was; the first is ${place} ${first?.row}${field}: ${first?.message}`,
    code: 'INVALID',
    path: [path],
    faults: faults.slice(0, FAULTS_MAX),
  }
}
