import { useState } from 'react'
import { useClient } from 'urql'
import { CopyHead, HeadLine, Verification } from '../components/audit-proof.tsx'
import { readNoted } from '../components/noted.ts'
import {
  type AuditProof_HeadFragment,
  type AuditProof_VerificationFragment,
  AuditVerifyDocument,
} from '../documents.generated.ts'
import { SubmitButton } from '../ui/button.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { TextAreaField } from '../ui/field.tsx'
import { Form, textOf, useSending } from '../ui/form.tsx'
import { makeProblem, messageAt } from '../ui/form-problem.ts'
import { useNow } from '../ui/use-now.ts'
import { errorWords } from './error-words.ts'

type Checked = {
  readonly verification: AuditProof_VerificationFragment
  readonly compared: number
}

type AuditProofPanelProps = { readonly head: AuditProof_HeadFragment | null; readonly timeZone: string }

/** Whether the log still is what was written: its end to note down, and the check of all of it. */
export const AuditProofPanel = ({ head, timeZone }: AuditProofPanelProps) => {
  const client = useClient()
  const now = useNow()
  const sending = useSending()
  const [checked, setChecked] = useState<Checked | null>(null)
  const verify = async (values: FormData) => {
    const { heads, receipts, unread } = readNoted(textOf(values, 'noted'))
    if (unread.length > 0)
      return makeProblem(`Neither a head nor a receipt: “${unread[0]?.slice(0, 60)}”`, 'noted')
    const { data, error } = await client
      .query(AuditVerifyDocument, { heads, receipts }, { requestPolicy: 'network-only' })
      .toPromise()
    if (!data || error) return makeProblem(errorWords(error ?? null))
    setChecked({ verification: data.verifyAuditLog, compared: heads.length + receipts.length })
    return null
  }
  return (
    <section aria-label="Proof" className="panel px-4 py-3.5 sm:px-5">
      <Form sending={sending} fields={['noted']} onSend={verify} className="gap-3!">
        <div className="flex flex-wrap items-center gap-x-6 gap-y-3">
          <HeadLine head={checked?.verification.head ?? head} now={now} />
          <div className="flex flex-wrap gap-2 max-sm:w-full max-sm:*:flex-1">
            {head && <CopyHead head={checked?.verification.head ?? head} />}
            <SubmitButton isBusy={sending.isBusy}>Verify the log</SubmitButton>
          </div>
        </div>
        <output aria-live="polite">{checked && <Verification {...checked} timeZone={timeZone} />}</output>
        <Disclosure
          label="Compare with what was noted down"
          labelClassName="w-fit text-xs font-medium text-muted hover:text-ink"
        >
          <TextAreaField
            name="noted"
            label="Heads and receipts, one a line"
            hint="Whoever could rewrite the whole chain cannot rewrite what was noted down elsewhere. Copy the head now and then, such as daily, and keep it outside of this system."
            placeholder={'1234 9f86d081…\naudit_0199… 4b227777…'}
            isCode
            spellCheck={false}
            error={messageAt(sending.problem, 'noted')}
            className="mt-3"
          />
        </Disclosure>
      </Form>
    </section>
  )
}
