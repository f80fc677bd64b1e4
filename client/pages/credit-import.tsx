import { useState } from 'react'
import { ApprovalNeed } from '../components/approval-need.tsx'
import { LimitRows } from '../components/limit-rows.tsx'
import { formatCount } from '../format/quantity.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { CheckField } from '../ui/check-field.tsx'
import { TextField } from '../ui/field.tsx'
import { FileDrop } from '../ui/file-drop.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { useToast } from '../ui/toasts.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { isLimitRequest, type LimitReport, type LimitRequest, useLimitImport } from './use-limit-import.ts'
import { useViewing } from './use-viewer.ts'

type LimitFile = { readonly name: string; readonly csv: string }

const bytesMax = 4 * 1024 * 1024

const summaryOf = ({ set, unchanged, refused, awaitingApproval }: LimitReport): string =>
  [
    `${formatCount(set)} to set`,
    `${formatCount(unchanged)} unchanged`,
    `${formatCount(refused)} refused`,
    ...(awaitingApproval > 0 ? [`${formatCount(awaitingApproval)} need approval`] : []),
  ].join(', ')

/** What needs approval as a whole: nothing of it is set before. */
const Request = ({ request }: { readonly request: LimitRequest }) => (
  <>
    <Notice tone="watch" aria-live="polite">
      <p className="font-medium">
        {formatCount(request.stepCount)} of the limits are above your authority, so that nothing is set before
        it is approved by:
      </p>
      <ApprovalNeed requirements={request.requirements} />
    </Notice>
    <Panel title="What needs approval" note={formatCount(request.stepCount)}>
      <table className="rows figures">
        <caption className="sr-only">Limits that need approval</caption>
        <thead>
          <tr>
            <th scope="col">Line</th>
            <th scope="col">Customer</th>
            <th scope="col">Before</th>
            <th scope="col">After</th>
          </tr>
        </thead>
        <tbody>
          {request.steps.map(({ row, customer, before, after }) => (
            <tr key={`${row} ${customer.id}`}>
              <td className="text-muted">{formatCount(row)}</td>
              <th scope="row">{customer.number}</th>
              <td className="text-muted">{before}</td>
              <td className="w-full">{after}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  </>
)

type Tried = { readonly report: LimitReport; readonly isPartial: boolean }

const Trial = ({ tried: { report, isPartial } }: { readonly tried: Tried }) => (
  <>
    <Notice tone={report.refused === 0 ? 'well' : 'watch'} aria-live="polite">
      {report.refused === 0 && `Every line can be taken: ${summaryOf(report)}.`}
      {report.refused > 0 &&
        (isPartial
          ? `The refused lines are left out: ${summaryOf(report)}.`
          : `Nothing can be set while a line is refused: ${summaryOf(report)}. Correct the file, or take the others alone.`)}
      {report.unusedColumns.length > 0 &&
        ` Not used: ${report.unusedColumns.join(', ')}. Look for slips of the pen among them.`}
    </Notice>
    <Panel title="What would change">
      <LimitRows key={JSON.stringify([report.set, report.refused, isPartial])} rows={report.rows} />
    </Panel>
  </>
)

const Done = ({ report, onAgain }: { readonly report: LimitReport; readonly onAgain: () => void }) => (
  <>
    <Notice tone="well" aria-live="polite">
      {formatCount(report.set)} limits are set, {formatCount(report.unchanged)} were so already
      {report.awaitingApproval > 0 && `, ${formatCount(report.awaitingApproval)} wait for approval`}
      {report.refused > 0 && `, ${formatCount(report.refused)} lines were left out`}.
    </Notice>
    <div>
      <Button onClick={onAgain}>Another file</Button>
    </div>
    <Panel title="What was set">
      <LimitRows rows={report.rows} />
    </Panel>
  </>
)

const Import = () => {
  const send = useLimitImport()
  const sending = useSending()
  const tell = useToast()
  const [file, setFile] = useState<LimitFile | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  const [reason, setReason] = useState('')
  const [isPartial, setIsPartial] = useState(false)
  const [tried, setTried] = useState<Tried | null>(null)
  const [request, setRequest] = useState<LimitRequest | null>(null)
  const [done, setDone] = useState<LimitReport | null>(null)

  const forget = () => {
    setTried(null)
    setRequest(null)
  }
  const take = async (chosen: File) => {
    forget()
    if (chosen.size > bytesMax) {
      setFault('The file is longer than 4 MiB: send it in parts, or with “tidemark credit import”.')
      return
    }
    setFault(null)
    setFile({ name: chosen.name, csv: await chosen.text() })
  }
  const changeOf =
    <Value,>(set: (value: Value) => void) =>
    (value: Value) => {
      set(value)
      // What was tried was something else.
      forget()
    }
  const count =
    tried === null || tried.report.isRefused ? 0 : tried.report.set + tried.report.awaitingApproval
  const isReady = count > 0 || request !== null
  const again = () => {
    setDone(null)
    forget()
    setFile(null)
  }
  const submit = async () => {
    if (file === null) {
      setFault('Choose a file first.')
      return null
    }
    const input = { csv: file.csv, reason: reason.trim(), partial: isPartial }
    const answer = await send({ ...input, dryRun: !isReady })
    if (isProblem(answer)) return answer
    if (isLimitRequest(answer)) {
      if (isReady) {
        again()
        tell('It waits for approval.')
      } else setRequest(answer)
    } else if (!isReady || answer.isRefused) setTried({ report: answer, isPartial })
    else {
      setDone(answer)
      tell('The limits are set.')
    }
    return null
  }
  if (done) return <Done report={done} onAgain={again} />
  return (
    <>
      <Form sending={sending} fields={['csv', 'reason']} onSend={submit}>
        <FileDrop
          name={file?.name ?? null}
          hint="With a header. Columns: customer, limit (an amount, 0, “unlimited” or “not set”), and if you like currency, effective_on, until, reason, expected_version."
          error={fault ?? messageAt(sending.problem, 'csv')}
          onFile={(chosen) => void take(chosen)}
        />
        <TextField
          label="Why"
          hint="For all lines that have no reason of their own; kept in the audit."
          required
          maxLength={500}
          autoComplete="off"
          value={reason}
          onChange={({ target }) => changeOf(setReason)(target.value)}
          error={messageAt(sending.problem, 'reason')}
        />
        <CheckField
          label="Take the good lines alone where others are refused"
          hint="Otherwise all lines are set, or none."
          checked={isPartial}
          onChange={({ target }) => changeOf(setIsPartial)(target.checked)}
        />
        <div className="flex flex-wrap gap-2">
          <SubmitButton isBusy={sending.isBusy}>
            {!isReady
              ? 'See what would change'
              : request
                ? 'Ask for approval'
                : `Set ${formatCount(count)} limits`}
          </SubmitButton>
        </div>
      </Form>
      {tried && <Trial tried={tried} />}
      {request && <Request request={request} />}
    </>
  )
}

/** Takes in a file of credit limits: first what would become of each line, then all of it, by the same way. */
export const CreditImportPage = () => {
  const { membership, may } = useViewing()
  return (
    <PageBody>
      <PageHeading
        title="Import limits"
        place={membership.name}
        note="A file of credit limits is tried first, line by line; nothing is set before you say so."
        actions={<CreditPlaces current="import" />}
      />
      {may('credit:write') ? (
        <Import />
      ) : (
        <Notice tone="idle">Your role does not include changing credit limits.</Notice>
      )}
    </PageBody>
  )
}
