import { BookOpenCheck, Download, Send } from 'lucide-react'
import { useState } from 'react'
import { useClient } from 'urql'
import { mailingColumns, PolicyMailings } from '../components/policy-mailings.tsx'
import {
  AcknowledgeCreditPolicyTextDocument,
  CreditTextFileDocument,
  CreditTextMailingsDocument,
  CreditTextMailingsMoreDocument,
  CreditTextsDocument,
  type CreditTextsQuery,
  type PolicyText_TextFragment,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatDayOf, formatMoment } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useLook } from '../live/use-look.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RichText } from '../ui/rich-text.tsx'
import { RowsSkeleton, Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { ApproveTextDialog, SendTextDialog, WriteTextDialog } from './credit-text-dialogs.tsx'
import { errorWords } from './error-words.ts'
import { MoreRows } from './more-rows.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Text = PolicyText_TextFragment

/** Saves the version as the one HTML file that the server makes of it. */
const SaveFile = ({ version }: { readonly version: number }) => {
  const client = useClient()
  const [problem, setProblem] = useState<string | null>(null)
  const save = async () => {
    const { data, error } = await client.query(CreditTextFileDocument, { version }).toPromise()
    const file = data?.creditPolicyText?.document
    if (file === undefined) return setProblem(errorWords(error ?? null))
    setProblem(null)
    const address = URL.createObjectURL(new Blob([file], { type: 'text/html' }))
    const link = Object.assign(document.createElement('a'), {
      href: address,
      download: `credit-policy-${version}.html`,
    })
    link.click()
    setTimeout(() => URL.revokeObjectURL(address), 10_000)
  }
  return (
    <>
      <Button onClick={() => void save()}>
        <Download aria-hidden="true" className="size-4" />
        Save as a file
      </Button>
      {problem !== null && <Notice tone="act">{problem}</Notice>}
    </>
  )
}

const Body = ({ text }: { readonly text: Text }) => (
  <div className="px-4 pb-5 sm:px-5">
    <RichText html={text.html} />
  </div>
)

type PartProps = { readonly text: Text; readonly timeZone: string }

/** Who stands for it, and who has read it. */
const Standing = ({ text, timeZone }: PartProps) => {
  const { dueOn, isOverdue, approvals, acknowledgements, notAcknowledged, publishedAt } = text
  return (
    <div className="grid gap-4 px-4 pb-4 text-sm sm:px-5">
      <p className={isOverdue ? 'text-act' : 'text-muted'}>
        Version {text.version}
        {publishedAt !== null && `, published on ${formatDayOf(publishedAt, timeZone)}`}
        {dueOn !== null && `; to be approved again by ${formatDay(dueOn, 'medium')}`}
        {isOverdue && ', which is over'}.
      </p>
      <div>
        <h3 className="font-medium">Approved by</h3>
        <ul>
          {approvals.map(({ person, approvedOn }) => (
            <li key={`${person.id} ${approvedOn}`}>
              {person.name} <span className="text-muted">on {formatDay(approvedOn, 'medium')}</span>
            </li>
          ))}
        </ul>
      </div>
      <div>
        <h3 className="font-medium">Acknowledged by {formatCount(acknowledgements.length)}</h3>
        <ul>
          {acknowledgements.map(({ person, acknowledgedAt }) => (
            <li key={person.id}>
              {person.name} <span className="text-muted">{formatMoment(acknowledgedAt, timeZone)}</span>
            </li>
          ))}
        </ul>
      </div>
      {notAcknowledged.length > 0 && (
        <div>
          <h3 className="font-medium">Not yet acknowledged by {formatCount(notAcknowledged.length)}</h3>
          <ul>
            {notAcknowledged.map(({ id, name }) => (
              <li key={id}>{name}</li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

type MailingsProps = { readonly version: number; readonly pulse: number; readonly timeZone: string }

const noMailings = { nodes: [], pageInfo: { hasNextPage: false, endCursor: null } } as const

/** To whom the version was sent. */
const Mailings = ({ version, pulse, timeZone }: MailingsProps) => {
  const { membership } = useViewing()
  // No event says that a mail was sent.
  const [isWaiting, setIsWaiting] = useState(false)
  const looks = useLook(isWaiting)
  const answer = useAnswer(CreditTextMailingsDocument, { version }, { pulse: pulse + looks })
  const mailings = answer.data?.creditPolicyText?.mailings
  const waits = mailings?.nodes.some(({ state }) => state === 'QUEUED' || state === 'FAILED') === true
  if (waits !== isWaiting) setIsWaiting(waits)
  const rows = { timeZone, customerHref: (id: string) => customerPath(membership.slug, id) }
  return (
    <Panel title="Sent" note={mailings?.totalCount == null ? null : formatCount(mailings.totalCount)}>
      <Answered
        of={answer}
        title="What was sent could not be loaded"
        skeleton={<Skeleton className="m-5 h-12" />}
      >
        {() =>
          !mailings || mailings.nodes.length === 0 ? (
            <p className="px-4 pb-4 text-muted sm:px-5">It was sent to nobody yet.</p>
          ) : (
            <table className="rows">
              <caption className="sr-only">To whom the text was sent, the latest first</caption>
              <tbody>
                <PolicyMailings mailings={mailings.nodes} {...rows} />
              </tbody>
              <MoreRows
                query={CreditTextMailingsMoreDocument}
                rest={{ version }}
                pageInfo={mailings.pageInfo}
                columns={mailingColumns}
                pick={({ creditPolicyText }) => creditPolicyText?.mailings ?? noMailings}
              >
                {(more) => <PolicyMailings mailings={more} {...rows} />}
              </MoreRows>
            </table>
          )
        }
      </Answered>
    </Panel>
  )
}

const Acknowledge = ({ text, onDone }: { readonly text: Text; readonly onDone: (told: string) => void }) => {
  const { viewer, may } = useViewing()
  const send = useSend()
  const [problem, setProblem] = useState<string | null>(null)
  const id = viewer?.person?.id
  if (id === undefined || !may('goal:sign')) return null
  if (text.acknowledgements.some(({ person }) => person.id === id)) return null
  const acknowledge = async () => {
    const answer = await send(AcknowledgeCreditPolicyTextDocument, { version: text.version })
    setProblem(isProblem(answer) ? answer.message : null)
    if (!isProblem(answer)) onDone('You have acknowledged the policy.')
  }
  return (
    <>
      <Button look="primary" onClick={() => void acknowledge()}>
        <BookOpenCheck aria-hidden="true" className="size-4" />I have read it
      </Button>
      {problem !== null && <Notice tone="act">{problem}</Notice>}
    </>
  )
}

type TextsProps = { readonly data: CreditTextsQuery; readonly refetch: () => void }

const Texts = ({ data, refetch }: TextsProps) => {
  const { organization, may } = useViewing()
  const tell = useToast()
  const [open, setOpen] = useState<'write' | 'publish' | 'approve' | 'send' | null>(null)
  const timeZone = organization?.timeZone ?? 'UTC'
  const texts = data.creditPolicyTexts.nodes
  const draft = texts.find(({ state }) => state === 'DRAFT') ?? null
  const inForce = texts.find(({ state }) => state === 'IN_FORCE') ?? null
  const earlier = texts.filter(({ state }) => state === 'REPLACED')
  const [sent, setSent] = useState(0)
  const close = () => setOpen(null)
  const done = (told: string) => {
    close()
    tell(told)
    refetch()
  }
  const dialog = { onClose: close, onDone: done }
  return (
    <>
      <div className="flex flex-wrap gap-2 print:hidden">
        {inForce && <Acknowledge text={inForce} onDone={done} />}
        {inForce && <SaveFile version={inForce.version} />}
        {inForce && may('credit:write') && (
          <>
            <Button onClick={() => setOpen('send')}>
              <Send aria-hidden="true" className="size-4" />
              Send to customers
            </Button>
            <Button onClick={() => setOpen('approve')}>Approve it again</Button>
          </>
        )}
        {may('credit:write') && (
          <Button onClick={() => setOpen('write')}>{draft ? 'Edit the draft' : 'New draft'}</Button>
        )}
      </div>
      {inForce ? (
        <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
          <Panel title={inForce.title}>
            <Body text={inForce} />
          </Panel>
          <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
            <Panel title="In force">
              <Standing text={inForce} timeZone={timeZone} />
            </Panel>
            {may('customer:read') && <Mailings version={inForce.version} pulse={sent} timeZone={timeZone} />}
          </div>
        </div>
      ) : (
        <p className="panel px-4 py-8 text-center text-muted sm:px-5">
          No text of the policy is in force yet.
        </p>
      )}
      {draft && (
        <Panel
          title={draft.title}
          note={<Badge tone="watch">Draft</Badge>}
          actions={
            may('credit:write') ? (
              <Button look="primary" onClick={() => setOpen('publish')}>
                Publish
              </Button>
            ) : undefined
          }
        >
          <p className="px-4 pb-2 text-xs text-muted sm:px-5">
            By {draft.authors.join(', ')}, saved {formatMoment(draft.savedAt, timeZone)}
          </p>
          <Body text={draft} />
        </Panel>
      )}
      {earlier.length > 0 && (
        <Panel title="Earlier versions" note={formatCount(earlier.length)}>
          {earlier.map((text) => (
            <Disclosure
              key={text.version}
              label={
                <span>
                  Version {text.version}: {text.title}
                  {text.publishedAt !== null && (
                    <span className="text-muted">
                      , published on {formatDayOf(text.publishedAt, timeZone)}
                    </span>
                  )}
                </span>
              }
              className="border-t border-line px-4 py-2.5 sm:px-5"
            >
              <div className="pt-3 pb-2">
                <RichText html={text.html} />
              </div>
            </Disclosure>
          ))}
        </Panel>
      )}
      {open === 'send' && inForce && (
        <SendTextDialog
          text={inForce}
          {...dialog}
          onDone={(told) => {
            done(told)
            setSent((count) => count + 1)
          }}
        />
      )}
      {open === 'write' && <WriteTextDialog draft={draft} before={inForce} {...dialog} />}
      {open === 'publish' && draft && <ApproveTextDialog text={draft} {...dialog} />}
      {open === 'approve' && inForce && <ApproveTextDialog text={inForce} {...dialog} />}
    </>
  )
}

/** The policy as people read it: in force, acknowledged by whom, and the draft of the next version. */
export const CreditTextPage = () => {
  const { membership } = useViewing()
  const answer = useAnswer(CreditTextsDocument, {})
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.isFetching} />
      <PageHeading
        title="Text of the policy"
        place={membership.name}
        note="What sales and credit have to have read, approved again each year."
        actions={<CreditPlaces current="text" />}
      />
      <Answered of={answer} title="The text could not be loaded" skeleton={<RowsSkeleton />}>
        {(data) => <Texts data={data} refetch={answer.refetch} />}
      </Answered>
    </PageBody>
  )
}
