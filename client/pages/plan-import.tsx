import { useRef, useState } from 'react'
import { useClient } from 'urql'
import {
  ImportSalesPlanDocument,
  type ImportSalesPlanInput,
  type ImportSalesPlanMutation,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { TextField } from '../ui/field.tsx'
import { FileDrop } from '../ui/file-drop.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { type FormProblem, isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { useToast } from '../ui/toasts.tsx'
import { errorWords } from './error-words.ts'

type Payload = ImportSalesPlanMutation['importSalesPlan']
type Taken = Extract<Payload, { readonly __typename: 'ImportSalesPlanSuccess' }>
type Refused = Extract<Payload, { readonly __typename: 'SalesPlanRefused' }>
type PlanFile = { readonly name: string; readonly csv: string }

const bytesMax = 4 * 1024 * 1024
const faultsAtOnce = 100

/** Sends a file, to be tried or recorded. The same file sent again is the same wish: after a lost answer it is not recorded twice. */
const usePlanImport = () => {
  const client = useClient()
  const sent = useRef({ input: '', key: '' })
  return async (
    input: Omit<ImportSalesPlanInput, 'idempotencyKey'>,
  ): Promise<Taken | Refused | FormProblem> => {
    const text = JSON.stringify(input)
    if (sent.current.input !== text) sent.current = { input: text, key: crypto.randomUUID() }
    const { data, error } = await client
      .mutation(ImportSalesPlanDocument, { input: { ...input, idempotencyKey: sent.current.key } })
      .toPromise()
    if (error || !data) return makeProblem(errorWords(error ?? null))
    const payload = data.importSalesPlan
    switch (payload.__typename) {
      case 'ImportSalesPlanSuccess':
      case 'SalesPlanRefused':
        return payload
      default:
        return makeProblem(payload.message, payload.path.join('.') || null)
    }
  }
}

/** What is wrong with which line: nothing of the file is recorded. */
const Faults = ({ refused: { message, faults } }: { readonly refused: Refused }) => {
  const [shown, setShown] = useState(faultsAtOnce)
  return (
    <>
      <Notice tone="act" aria-live="polite">
        {message}
      </Notice>
      <table className="rows figures">
        <caption className="sr-only">Lines that cannot be taken, and why</caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Column</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {faults.slice(0, shown).map(({ row, path, message: fault }) => (
            <tr key={`${row} ${path.join('.')} ${fault}`}>
              <th scope="row">{formatCount(row)}</th>
              <td className="text-muted">{path.join('.') || 'The whole line'}</td>
              <td className="w-full text-pretty wrap-anywhere">{fault}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {faults.length > shown && (
        <div>
          <Button onClick={() => setShown((count) => count + faultsAtOnce)}>Show more</Button>
        </div>
      )}
    </>
  )
}

const Trial = ({ tried: { recorded, unchanged, unusedColumns } }: { readonly tried: Taken }) => (
  <Notice tone="well" aria-live="polite">
    Every line can be taken: {formatCount(recorded)} to record, {formatCount(unchanged)} planned so already.
    {unusedColumns.length > 0 &&
      ` Not used: ${unusedColumns.join(', ')}. Look for slips of the pen among them.`}
  </Notice>
)

type PlanImportProps = { readonly onRecorded: () => void; readonly onClose: () => void }

/** Takes in a plan of sales: first what would become of the file, then all of it by the same way, or nothing. */
export const PlanImport = ({ onRecorded, onClose }: PlanImportProps) => {
  const send = usePlanImport()
  const sending = useSending()
  const tell = useToast()
  const [file, setFile] = useState<PlanFile | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  const [terms, setTerms] = useState('30')
  const [tried, setTried] = useState<Taken | Refused | null>(null)

  const take = async (chosen: File) => {
    setTried(null)
    if (chosen.size > bytesMax) {
      setFault('The file is longer than 4 MiB: send it in parts, or with “tidemark plan import”.')
      return
    }
    setFault(null)
    setFile({ name: chosen.name, csv: await chosen.text() })
  }
  const changeOf = (set: (value: string) => void) => (value: string) => {
    set(value)
    // What was tried was something else.
    setTried(null)
  }
  const isReady = tried?.__typename === 'ImportSalesPlanSuccess' && tried.recorded > 0
  const submit = async () => {
    if (file === null) {
      setFault('Choose a file first.')
      return null
    }
    const termsDays = terms.trim() === '' ? null : Number(terms)
    const input = { csv: file.csv, reason: reason.trim(), termsDays }
    const answer = await send({ ...input, dryRun: !isReady })
    if (isProblem(answer)) return answer
    if (answer.__typename === 'SalesPlanRefused' || !isReady) setTried(answer)
    else {
      tell(`${formatCount(answer.recorded)} lines of the plan are recorded.`)
      onRecorded()
      onClose()
    }
    return null
  }
  return (
    <>
      <Form sending={sending} fields={['csv', 'reason', 'termsDays']} onSend={submit} takesFocus>
        <FileDrop
          name={file?.name ?? null}
          hint="With a header. Columns: month (2026-01, or any day of it), planned (an amount; 0 takes back what was planned), and if you like channel, region, product_line, currency, terms_days."
          error={fault ?? messageAt(sending.problem, 'csv')}
          onFile={(chosen) => void take(chosen)}
        />
        <TextField
          label="Days of terms"
          hint="How long customers are given to pay, for all lines that do not say."
          type="number"
          min={0}
          max={3650}
          value={terms}
          onChange={({ target }) => changeOf(setTerms)(target.value)}
          error={messageAt(sending.problem, 'termsDays')}
          className="sm:max-w-72"
        />
        <TextField
          label="Why"
          hint="Kept in the audit."
          required
          maxLength={500}
          autoComplete="off"
          value={reason}
          onChange={({ target }) => changeOf(setReason)(target.value)}
          error={messageAt(sending.problem, 'reason')}
        />
        <div className="flex flex-wrap gap-2">
          <SubmitButton isBusy={sending.isBusy}>
            {isReady ? `Record ${formatCount(tried.recorded)} lines` : 'See what would change'}
          </SubmitButton>
          <Button onClick={onClose}>Cancel</Button>
        </div>
      </Form>
      {tried?.__typename === 'ImportSalesPlanSuccess' && <Trial tried={tried} />}
      {tried?.__typename === 'SalesPlanRefused' && <Faults refused={tried} />}
    </>
  )
}
