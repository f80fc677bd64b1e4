import { ArrowLeft, Download, FileSpreadsheet, Printer, Signature } from 'lucide-react'
import { useState } from 'react'
import { useClient } from 'urql'
import { Link } from 'wouter'
import { ControlFacts } from '../components/control-items.tsx'
import {
  type ControlPaper_PaperFragment,
  ControlPaperCsvDocument,
  ControlPaperDocument,
  ControlPaperDocumentDocument,
  SignControlPaperDocument,
} from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatMoment, formatSecond } from '../format/moment.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { auditPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { ControlWork, ControlWorkDone } from './control-work.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { saveFile } from './save-file.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Paper = ControlPaper_PaperFragment

type SignProps = {
  readonly paper: Paper
  readonly onClose: () => void
  readonly onSigned: () => void
  readonly onConflict: () => void
}

const SignDialog = ({ paper, onClose, onSigned, onConflict }: SignProps) => {
  const send = useSend()
  const sign = async () => {
    const answer = await send(SignControlPaperDocument, { paper: paper.id, expectedVersion: paper.version })
    if (isProblem(answer)) {
      if (answer.isConflict) onConflict()
      return answer
    }
    onSigned()
    return null
  }
  return (
    <ConfirmDialog title="Sign the working paper" action="Sign" onConfirm={sign} onClose={onClose}>
      <p>
        You put your name to what was found, what came of each item and the conclusion. From then on nothing
        of it can be changed, by anybody.
      </p>
    </ConfirmDialog>
  )
}

/** Asks for the files only when they are wanted: the server makes them anew each time. */
const useFiles = ({ id, run }: Paper) => {
  const client = useClient()
  const tell = useToast()
  const name = `control-${run.test.id.toLowerCase().replaceAll('_', '-')}-${run.from}-${run.to}`
  return {
    saveDocument: async () => {
      const { data, error } = await client
        .query(ControlPaperDocumentDocument, { id }, { requestPolicy: 'network-only' })
        .toPromise()
      if (data?.controlPaper) saveFile(`${name}.html`, data.controlPaper.document, 'text/html')
      else tell(errorWords(error ?? null))
    },
    saveCsv: async () => {
      const { data, error } = await client
        .query(ControlPaperCsvDocument, { id }, { requestPolicy: 'network-only' })
        .toPromise()
      if (data?.controlPaper) saveFile(`${name}.csv`, data.controlPaper.csv, 'text/csv')
      else tell(errorWords(error ?? null))
    },
  }
}

type PaperProps = { readonly paper: Paper; readonly onConflict: () => void }

const Deeds = ({ paper, onConflict }: PaperProps) => {
  const { viewer, may } = useViewing()
  const tell = useToast()
  const { saveDocument, saveCsv } = useFiles(paper)
  const [isSigning, setIsSigning] = useState(false)
  const maySign = paper.signedAt === null && may('control:write') && viewer?.person != null
  return (
    <div className="flex flex-wrap items-center gap-2 print:hidden">
      {maySign && (
        <Button look="primary" onClick={() => setIsSigning(true)}>
          <Signature aria-hidden="true" className="size-4" />
          Sign
        </Button>
      )}
      <Button onClick={() => void saveDocument()}>
        <Download aria-hidden="true" className="size-4" />
        Save as a file
      </Button>
      <Menu label="More for this working paper">
        <MenuItem
          icon={<FileSpreadsheet aria-hidden="true" className="size-4" />}
          onChoose={() => void saveCsv()}
        >
          Save the items as CSV
        </MenuItem>
        <MenuItem icon={<Printer aria-hidden="true" className="size-4" />} onChoose={() => print()}>
          Print
        </MenuItem>
      </Menu>
      {isSigning && (
        <SignDialog
          paper={paper}
          onConflict={onConflict}
          onClose={() => setIsSigning(false)}
          onSigned={() => {
            setIsSigning(false)
            tell('You have signed the working paper.')
          }}
        />
      )}
    </div>
  )
}

const Shown = ({ paper, onConflict }: PaperProps) => {
  const { membership, organization, may } = useViewing()
  const { run, openedAt, openedBy, signedAt, signedBy, digest } = paper
  const timeZone = organization?.timeZone ?? 'UTC'
  return (
    <>
      <PageHeading
        title={run.test.name}
        place={membership.name}
        note={
          <>
            {formatDay(run.from, 'medium')} to {formatDay(run.to, 'medium')} · opened by {openedBy},{' '}
            {formatMoment(openedAt, timeZone)}{' '}
            {signedAt === null ? <Badge tone="watch">Open</Badge> : <Badge tone="well">Signed</Badge>}
          </>
        }
        actions={<Deeds paper={paper} onConflict={onConflict} />}
      />
      {signedAt !== null && (
        <Notice tone="well">
          Signed by {signedBy?.name ?? 'somebody who was removed'}, {formatSecond(signedAt, timeZone)}.
          Nothing of it can be changed any more.
          {digest !== null && (
            <span className="block text-xs wrap-anywhere">
              Digest of what was signed: <span className="font-mono">{digest}</span>
            </span>
          )}
        </Notice>
      )}
      <Panel title="What was tested">
        <ControlFacts run={run} sampled={run.sample.length} timeZone={timeZone} />
      </Panel>
      {signedAt === null && may('control:write') ? (
        <ControlWork paper={paper} onConflict={onConflict} />
      ) : (
        <ControlWorkDone paper={paper} />
      )}
    </>
  )
}

/** One working paper: what a test found, what came of each item, and who signed it. */
export const ControlPaperPage = ({ id }: { readonly id: string }) => {
  const { membership } = useViewing()
  const answer = useAnswer(ControlPaperDocument, { id })
  return (
    <PageBody>
      <ProgressLine isActive={answer.isFetching} />
      <Link
        href={auditPath(membership.slug, 'controls')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink print:hidden"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All control tests
      </Link>
      <Answered of={answer} title="The working paper could not be loaded" skeleton={<RowsSkeleton />}>
        {({ controlPaper }) =>
          controlPaper ? (
            <Shown paper={controlPaper} onConflict={answer.refetch} />
          ) : (
            <PageHeading title="There is no such working paper" place={membership.name} />
          )
        }
      </Answered>
    </PageBody>
  )
}
