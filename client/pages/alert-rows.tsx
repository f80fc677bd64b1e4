import { useState } from 'react'
import { AlertHistory, AlertItem, type ListedAlert } from '../components/alert-list.tsx'
import {
  AcknowledgeAlertDocument,
  AlertHistoryDocument,
  SnoozeAlertDocument,
} from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { TextAreaField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { goalPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { useRenewal } from './use-renewal.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

const hourMs = 3_600_000

const AcknowledgeDialog = ({
  alert,
  onClose,
}: {
  readonly alert: ListedAlert
  readonly onClose: () => void
}) => {
  const send = useSend()
  const sending = useSending()
  const tell = useToast()
  const acknowledge = async (values: FormData) => {
    const note = textOf(values, 'note') || null
    const answer = await send(AcknowledgeAlertDocument, { alert: alert.id, note })
    if (isProblem(answer)) return answer
    onClose()
    tell('You look after it.')
    return null
  }
  return (
    <Dialog title="Look after it" onClose={onClose}>
      <Form sending={sending} fields={['note']} onSend={acknowledge}>
        <p className="text-pretty text-muted">{alert.latest}</p>
        <TextAreaField
          name="note"
          label="What is done about it (optional)"
          rows={3}
          maxLength={2000}
          error={messageAt(sending.problem, 'note')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Acknowledge</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

type HistoryProps = { readonly id: string; readonly timeZone: string; readonly pulse: number }

const History = ({ id, timeZone, pulse }: HistoryProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const { data, error, refetch } = useKeptQuery(AlertHistoryDocument, { id }, { pause: !isOpen })
  useRenewal(isOpen ? pulse : 0, refetch)
  return (
    <Disclosure
      label="What happened to it"
      labelClassName="w-fit py-0.5 text-xs font-medium text-muted hover:text-ink"
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      {error && !data && <p className="text-xs text-muted">{errorWords(error)}</p>}
      {data?.alert && <AlertHistory transitions={data.alert.transitions} timeZone={timeZone} />}
    </Disclosure>
  )
}

export type AlertRowsProps = {
  readonly alerts: readonly ListedAlert[]
  readonly timeZone: string
  readonly pulse: number
}

/** Alerts with what can be done about them. */
export const AlertRows = ({ alerts, timeZone, pulse }: AlertRowsProps) => {
  const { membership, may } = useViewing()
  const now = useNow()
  const send = useSend()
  const tell = useToast()
  const [taken, setTaken] = useState<ListedAlert | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const snooze = async ({ id }: ListedAlert, hours: number) => {
    const until = new Date(Date.now() + hours * hourMs).toISOString()
    const answer = await send(SnoozeAlertDocument, { alert: id, until })
    setProblem(isProblem(answer) ? answer.message : null)
    if (!isProblem(answer)) tell('It is silent.')
  }
  const deeds = may('alert:write')
    ? {
        onAcknowledge: setTaken,
        onSnooze: (alert: ListedAlert, hours: number) => void snooze(alert, hours),
      }
    : null
  return (
    <>
      {problem !== null && (
        <Notice tone="act" role="alert" className="mx-4 mb-3 sm:mx-5">
          {problem}
        </Notice>
      )}
      <ul>
        {alerts.map((alert) => (
          <AlertItem
            key={alert.id}
            alert={alert}
            now={now}
            timeZone={timeZone}
            goalHref={(id) => goalPath(membership.slug, id)}
            deeds={deeds}
          >
            <History id={alert.id} timeZone={timeZone} pulse={pulse} />
          </AlertItem>
        ))}
      </ul>
      {taken && <AcknowledgeDialog alert={taken} onClose={() => setTaken(null)} />}
    </>
  )
}
