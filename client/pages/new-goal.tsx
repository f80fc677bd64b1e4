import { ArrowLeft } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import {
  checkInput,
  checklistInput,
  draftOfTemplate,
  emptyDraft,
  type GoalDraft,
  goalInput,
} from '../components/goal-draft.ts'
import { slugOfMetric } from '../components/kpi-themes.ts'
import { SmartCheck } from '../components/smart-check.tsx'
import {
  CreateGoalDocument,
  CreateMilestoneGoalDocument,
  GoalTemplateDraftDocument,
  GoalTemplatesDocument,
  NewGoalDocument,
  type NewGoalQuery,
  type SmartCheck_CheckFragment,
  SmartCheckDocument,
} from '../documents.generated.ts'
import { dayIn } from '../format/day.ts'
import { type Answer, useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { useSettled } from '../live/use-settled.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { CheckField } from '../ui/check-field.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton, Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { goalPath, organizationPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { AimFields, GuardFields, MeasureFields, MilestoneFields, PeopleAndTimeFields } from './goal-form.tsx'
import { PageBody, Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

const typingPauseMs = 350

const fields = [
  'name',
  'why',
  'metric',
  'direction',
  'filter',
  'target',
  'targetBy',
  'band',
  'trajectory',
  'guards',
  'milestones',
  'startsOn',
  'deadline',
  'ownerId',
  'reviewerId',
  'parentId',
]

type Check = SmartCheck_CheckFragment

/** What the check already says of a field while one types. */
const foretold = (check: Check | null, field: string): string | null =>
  check?.problems.find(({ path }) => path[0] === field)?.message ?? null

const CheckPanel = ({ answer }: { readonly answer: Answer<{ readonly smartCheck: Check }> }) => {
  const { membership } = useViewing()
  const { data, error, isFetching } = answer
  return (
    <Panel title="SMART check" note={isFetching ? 'checking' : null}>
      <div aria-live="polite" aria-busy={isFetching} className="min-h-96">
        {data ? (
          <SmartCheck check={data.smartCheck} hrefOf={(id) => goalPath(membership.slug, id)} />
        ) : error ? (
          <p className="px-4 pb-4 text-muted sm:px-5">{errorWords(error)}</p>
        ) : (
          <Skeleton className="m-5 h-72" />
        )}
      </div>
    </Panel>
  )
}

type WizardProps = { readonly offered: NewGoalQuery; readonly initial: GoalDraft }

const Wizard = ({ offered, initial }: WizardProps) => {
  const { membership } = useViewing()
  const [, navigate] = useLocation()
  const tell = useToast()
  const send = useSend()
  const sending = useSending()
  const [draft, setDraft] = useState(initial)
  const [asDraft, setAsDraft] = useState(false)
  const answer = useAnswer(SmartCheckDocument, { draft: useSettled(checkInput(draft), typingPauseMs) })
  const check = answer.data?.smartCheck ?? null
  const change = (changes: Partial<GoalDraft>) => setDraft((before) => ({ ...before, ...changes }))
  const problemAt = (field: string) => messageAt(sending.problem, field) ?? foretold(check, field)
  const part = { draft, onChange: change, problemAt }
  const isChecklist = draft.direction === 'MILESTONES'

  const create = async () => {
    const state = asDraft ? 'DRAFT' : 'ACTIVE'
    if (!isChecklist && draft.metric === null) return makeProblem('Choose what it is measured by.', 'metric')
    const made =
      isChecklist || draft.metric === null
        ? await send(CreateMilestoneGoalDocument, checklistInput(draft, state))
        : await send(CreateGoalDocument, goalInput(draft, draft.metric, state))
    if (isProblem(made)) return made
    tell(asDraft ? 'The draft is kept.' : 'The goal is set.')
    navigate(made.goal ? goalPath(membership.slug, made.goal.id) : organizationPath(membership.slug, 'goals'))
    return null
  }

  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div className="panel px-4 py-4 sm:px-5">
        <Form sending={sending} fields={fields} onSend={create}>
          <TextField
            label="Name"
            hint="A sentence that says what is to be reached."
            required
            maxLength={200}
            autoComplete="off"
            value={draft.name}
            onChange={({ target }) => change({ name: target.value })}
            error={problemAt('name')}
          />
          <MeasureFields {...part} kpis={offered.kpiCatalog} />
          {isChecklist ? (
            <MilestoneFields {...part} />
          ) : (
            <>
              <AimFields {...part} kpi={offered.kpiCatalog.find(({ metric }) => metric === draft.metric)} />
              <GuardFields {...part} />
            </>
          )}
          <PeopleAndTimeFields {...part} />
          {draft.hasRules !== null && (
            <CheckField
              label="Begin with alert rules"
              hint={
                draft.template === null
                  ? 'The usual ones: off track, missed, achieved, no data, a review overdue.'
                  : 'Those of the template.'
              }
              checked={draft.hasRules}
              onChange={({ target }) => change({ hasRules: target.checked })}
            />
          )}
          <div className="mt-2 flex flex-wrap justify-end gap-2 max-sm:*:flex-1">
            <Button type="submit" onClick={() => setAsDraft(true)} disabled={sending.isBusy}>
              Keep as a draft
            </Button>
            <span onClickCapture={() => setAsDraft(false)} className="contents">
              <SubmitButton isBusy={sending.isBusy}>Set the goal</SubmitButton>
            </span>
          </div>
        </Form>
      </div>
      <div className="lg:sticky lg:top-17">
        <CheckPanel answer={answer} />
      </div>
    </div>
  )
}

/** What to begin with: an empty form, or one of the goals that teams like this one set. */
const TemplateField = ({ chosen }: { readonly chosen: string | null }) => {
  const { data } = useKeptQuery(GoalTemplatesDocument, {})
  const [, setSearch] = useSearchParams()
  return (
    <SelectField
      label="Begin with"
      value={chosen ?? ''}
      onChange={({ target }) => setSearch(target.value === '' ? {} : { template: target.value })}
      hint={
        data?.goalTemplates.find(({ id }) => id === chosen)?.sentence ??
        'A template fills in the form from your books. All of it can be changed.'
      }
      className="max-w-2xl"
    >
      <option value="">An empty form</option>
      {data?.goalTemplates.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </SelectField>
  )
}

/** Where a goal is made: from a template, a KPI or a checklist, checked letter by letter while one writes. */
export const NewGoalPage = () => {
  const now = useNow()
  const { membership, organization, viewer, may } = useViewing()
  const [search] = useSearchParams()
  const { data, error, isFetching, refetch } = useKeptQuery(NewGoalDocument, {})
  const templateId = search.get('template')
  const template = useAnswer(
    GoalTemplateDraftDocument,
    { id: templateId ?? '' },
    { pause: templateId === null },
  )
  const asked = search.get('metric')
  const kpi = data?.kpiCatalog.find(({ metric }) => slugOfMetric(metric) === asked)
  const found = templateId === null ? null : (template.data?.goalTemplate ?? null)
  const isFilled = templateId === null || found?.id === templateId || template.data?.goalTemplate === null
  const failed = error ?? template.error
  return (
    <PageBody isWide>
      <ProgressLine isActive={isFetching || template.isFetching} />
      <Link
        href={organizationPath(membership.slug, 'goals')}
        className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
      >
        <ArrowLeft aria-hidden="true" className="size-3.5" />
        All goals
      </Link>
      <PageHeading
        title="New goal"
        place={membership.name}
        note="Each letter is checked against your own books. Nobody is forced, everybody is told."
      />
      {failed && !(data && isFilled) && (
        <ErrorCard
          title="The form could not be loaded"
          message={errorWords(failed)}
          onRetry={error ? refetch : template.refetch}
        />
      )}
      {!may('goal:write') && viewer && (
        <p className="text-muted">Your role may look at goals, but not set them.</p>
      )}
      {may('goal:write') && <TemplateField chosen={templateId} />}
      {found?.needs != null && isFilled && (
        <Notice tone={found.draft.baselineReason === null ? 'idle' : 'watch'}>{found.needs}</Notice>
      )}
      {data && organization && isFilled && may('goal:write') ? (
        <Wizard
          key={`${templateId} ${asked}`}
          offered={data}
          initial={{
            ...emptyDraft(dayIn(organization.timeZone, now), viewer?.person?.id ?? null),
            ...(kpi
              ? { metric: kpi.metric, direction: kpi.better === 'HIGHER' ? 'INCREASE' : 'DECREASE' }
              : {}),
            ...(found ? draftOfTemplate(found) : {}),
            hasRules: may('alert:manage') ? true : null,
          }}
        />
      ) : (
        !failed && may('goal:write') && <RowsSkeleton />
      )}
    </PageBody>
  )
}
