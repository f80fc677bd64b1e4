import { useRef } from 'react'
import { useClient } from 'urql'
import {
  ImportCreditLimitsDocument,
  type ImportCreditLimitsInput,
  type ImportCreditLimitsMutation,
  type LimitRows_RowFragment,
} from '../documents.generated.ts'
import { type FormProblem, makeProblem } from '../ui/form-problem.ts'
import { errorWords } from './error-words.ts'

/** What became, or would become, of each row of a file. */
export type LimitReport = {
  readonly set: number
  readonly unchanged: number
  readonly refused: number
  readonly awaitingApproval: number
  readonly rows: readonly LimitRows_RowFragment[]
  /** Columns that say nothing about limits. */
  readonly unusedColumns: readonly string[]
  /** Whether nothing is set because rows are refused. */
  readonly isRefused: boolean
}

type Payload = ImportCreditLimitsMutation['importCreditLimits']

/** A file of which nothing is set before somebody approves it. */
export type LimitRequest = Extract<Payload, { readonly __typename: 'ApprovalRequested' }>

export const isLimitRequest = (answer: LimitReport | LimitRequest): answer is LimitRequest =>
  '__typename' in answer && answer.__typename === 'ApprovalRequested'

const countsOf = ({
  set,
  unchanged,
  refused,
  rows,
}: Pick<LimitReport, 'set' | 'unchanged' | 'refused' | 'rows'>) => ({ set, unchanged, refused, rows })

const reportOf = (payload: Payload): LimitReport | LimitRequest | FormProblem => {
  switch (payload.__typename) {
    case 'ImportCreditLimitsSuccess':
      return {
        ...countsOf(payload),
        awaitingApproval: payload.awaitingApproval,
        unusedColumns: payload.unusedColumns,
        isRefused: false,
      }
    case 'CreditLimitsRefused':
      return { ...countsOf(payload), awaitingApproval: 0, unusedColumns: [], isRefused: true }
    case 'ApprovalRequested':
      return payload
    default:
      return makeProblem(payload.message, payload.path.join('.') || null)
  }
}

/**
 * Sends a file of limits, to be tried or carried out. The same file sent again is the same wish: after a lost answer it is
 * not carried out twice.
 */
export const useLimitImport = () => {
  const client = useClient()
  const sent = useRef({ input: '', key: '' })
  return async (
    input: Omit<ImportCreditLimitsInput, 'idempotencyKey'>,
  ): Promise<LimitReport | LimitRequest | FormProblem> => {
    const text = JSON.stringify(input)
    if (sent.current.input !== text) sent.current = { input: text, key: crypto.randomUUID() }
    const { data, error } = await client
      .mutation(ImportCreditLimitsDocument, { input: { ...input, idempotencyKey: sent.current.key } })
      .toPromise()
    if (error || !data) return makeProblem(errorWords(error ?? null))
    return reportOf(data.importCreditLimits)
  }
}
