import { useState } from 'react'
import { useClient } from 'urql'
import { scorecardDraft, scorecardRules } from '../components/scorecard-draft.ts'
import { ScorecardFields, scorecardFields } from '../components/scorecard-fields.tsx'
import {
  CreditScorecardDocument,
  type Scorecard_ScorecardFragment,
  SetCreditScorecardDocument,
} from '../documents.generated.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { TextAreaField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { useExpectedVersion } from './use-expected-version.ts'

/** What a field of the scorecard shows, and what is wrong with criteria or bands as a whole is said above. */
const shownFields = (paths: readonly string[], field: string | null): readonly string[] =>
  field !== null && ['criteria', 'bands'].includes(field) ? [] : paths

type ScorecardDialogProps = {
  readonly scorecard: Scorecard_ScorecardFragment
  readonly onClose: () => void
  readonly onDone: () => void
}

/** Sets the scorecard as a whole, from the version that was seen. */
export const ScorecardDialog = ({ scorecard, onClose, onDone }: ScorecardDialogProps) => {
  const client = useClient()
  const [opened] = useState(scorecard)
  const send = useExpectedVersion(opened.version, async () => {
    const again = await client
      .query(CreditScorecardDocument, {}, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.creditScorecard.version ?? null
  })
  const sending = useSending()
  const [draft, setDraft] = useState(() => scorecardDraft(opened))
  const set = async (values: FormData) => {
    const rules = scorecardRules(draft)
    if ('unreadable' in rules)
      return makeProblem(
        'Write values and points such as 1: 30, 3: 60, 10: 100.',
        `criteria.${rules.unreadable}.steps`,
      )
    const answer = await send(SetCreditScorecardDocument, { ...rules, reason: textOf(values, 'reason') })
    if (isProblem(answer)) return answer
    onDone()
    return null
  }
  return (
    <Dialog title="Change the scorecard" onClose={onClose} width="wide">
      <Form
        sending={sending}
        fields={shownFields([...scorecardFields, 'reason'], sending.problem?.field ?? null)}
        onSend={set}
      >
        <ScorecardFields
          draft={draft}
          errorAt={(path) => messageAt(sending.problem, path)}
          onChange={(changes) => setDraft((before) => ({ ...before, ...changes }))}
        />
        <TextAreaField
          name="reason"
          label="Why"
          required
          maxLength={500}
          rows={2}
          error={messageAt(sending.problem, 'reason')}
        />
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Set the scorecard</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}
