import { ArrowLeft } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useClient } from 'urql'
import { Link, useLocation, useSearchParams } from 'wouter'
import { slugOfMetric } from '../components/kpi-themes.ts'
import {
  draftOfRule,
  emptyRule,
  type RuleDraft,
  ruleChanges,
  ruleInput,
  triedChange,
  triedRule,
  watching,
} from '../components/rule-draft.ts'
import { RuleChanges } from '../components/rule-list.tsx'
import {
  AlertRuleChannelsDocument,
  AlertRuleDocument,
  type AlertRuleQuery,
  type ChannelList_ChannelFragment,
  CreateAlertRuleDocument,
  type KpiUnit,
  RuleChannelsDocument,
  RuleGoalDocument,
  type RuleGoalQuery,
  RuleGoalsDocument,
  RuleSubjectsDocument,
  UpdateAlertRuleDocument,
} from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { alertPath, goalPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import {
  BacktestView,
  monthChoices,
  type TriedInput,
  useBacktest,
  useMonths,
} from './rule-backtest-panel.tsx'
import {
  ChannelFields,
  ConditionFields,
  type OfferedGoal,
  type OfferedKpi,
  TellFields,
  WatchFields,
} from './rule-form.tsx'
import { useExpectedVersion } from './use-expected-version.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

const fields = [
  'name',
  'goalId',
  'kpi.metric',
  'kpi.filter',
  'kpi.conventions',
  'kpi.currency',
  'condition',
  'forDays',
  'forEvaluations',
  'recovery',
  'keepFiringDays',
  'repeatDays',
  'quietHours',
  'channelIds',
  'reason',
]

const isNews = ({ kind, statuses }: RuleDraft): boolean =>
  kind === 'MILESTONE' ||
  kind === 'AHEAD_BY' ||
  (kind === 'STATUS' &&
    statuses.length > 0 &&
    statuses.every((status) => status === 'ON_TRACK' || status === 'ACHIEVED'))

const BackLink = () => {
  const { membership } = useViewing()
  return (
    <Link
      href={alertPath(membership.slug, 'rules')}
      className="-mb-3 inline-flex w-fit items-center gap-1.5 rounded-sm text-xs font-medium text-muted hover:text-ink"
    >
      <ArrowLeft aria-hidden="true" className="size-3.5" />
      All rules
    </Link>
  )
}

type TriedProps = { readonly draft: RuleDraft; readonly tried: TriedInput | null; readonly form: FormPart }
type FormPart = (problemAt: (field: string) => string | null) => ReactNode

const monthBar = monthChoices.map(({ months, label }) => ({ id: String(months), label }))

/** The form, and beside it what the rule that it makes would have done. */
const Tried = ({ draft, tried, form }: TriedProps) => {
  const [months, setMonths] = useMonths()
  const answer = useBacktest(tried, months)
  const result = answer.data?.backtestAlertRule
  // What the trial says of a field is known before the form is sent.
  const foretold = (field: string): string | null => {
    if (tried === null || !result || result.__typename === 'AlertBacktest') return null
    const [, ...path] = result.path
    return field !== 'name' && path.join('.').startsWith(field) ? result.message : null
  }
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div className="panel px-4 py-4 sm:px-5">{form(foretold)}</div>
      <div className="lg:sticky lg:top-17">
        <Panel
          title="On the past"
          note={answer.isFetching && tried !== null ? 'trying' : null}
          actions={
            <ChoiceBar
              legend="How far back"
              choices={monthBar}
              chosen={String(months)}
              onChoose={(chosen) => setMonths(Number(chosen))}
            />
          }
        >
          <div aria-live="polite" className="min-h-72 px-4 pt-2 pb-4 sm:px-5">
            <BacktestView
              answer={answer}
              isTried={tried !== null}
              untried={
                draft.watches === 'credit'
                  ? 'Who was over a limit or late in the past is not tried: the credit policy is, on its own page.'
                  : null
              }
              isGoodNews={isNews(draft)}
            />
          </div>
        </Panel>
      </div>
    </div>
  )
}

type Subject = { readonly unit: KpiUnit | null; readonly currency: string }

type NewRuleProps = {
  readonly kpis: readonly OfferedKpi[]
  readonly goals: readonly (OfferedGoal & NonNullable<RuleGoalQuery['goal']>)[]
  readonly channels: readonly ChannelList_ChannelFragment[]
  readonly initial: RuleDraft
}

const NewRule = ({ kpis, goals, channels, initial }: NewRuleProps) => {
  const { membership } = useViewing()
  const [, navigate] = useLocation()
  const tell = useToast()
  const send = useSend()
  const sending = useSending()
  const [draft, setDraft] = useState(initial)
  const [isOn, setIsOn] = useState(true)
  const change = (changes: Partial<RuleDraft>) => setDraft((before) => ({ ...before, ...changes }))
  const tried = triedRule(draft)
  const goal = goals.find(({ id }) => id === draft.goalId)
  const kpi = kpis.find(({ metric }) => metric === draft.metric)
  const subject: Subject =
    draft.watches === 'goal'
      ? { unit: goal?.metric?.unit ?? null, currency: goal?.currency ?? '' }
      : { unit: kpi?.unit ?? null, currency: draft.currency.toUpperCase() || 'the base currency' }

  const create = async () => {
    if (draft.watches === 'goal' && draft.goalId === null)
      return makeProblem('Choose the goal that it watches.', 'goalId')
    if (draft.watches === 'kpi' && draft.metric === null)
      return makeProblem('Choose the KPI that it watches.', 'kpi.metric')
    const answer = await send(CreateAlertRuleDocument, ruleInput(draft, isOn))
    if (isProblem(answer)) return answer
    tell(isOn ? 'The rule watches.' : 'The rule is kept, switched off.')
    const back = draft.watches === 'goal' && initial.goalId !== null ? initial.goalId : null
    navigate(back === null ? alertPath(membership.slug, 'rules') : goalPath(membership.slug, back))
    return null
  }

  const form: FormPart = (foretold) => {
    const problemAt = (field: string) => messageAt(sending.problem, field) ?? foretold(field)
    const part = { draft, onChange: change, problemAt }
    return (
      <Form sending={sending} fields={fields} onSend={create}>
        <TextField
          label="Name"
          hint="What people read when it fires."
          required
          maxLength={200}
          autoComplete="off"
          value={draft.name}
          onChange={({ target }) => change({ name: target.value })}
          error={problemAt('name')}
        />
        <WatchFields {...part} kpis={kpis} goals={goals} />
        <ConditionFields {...part} {...subject} />
        <TellFields {...part} />
        <ChannelFields {...part} channels={channels} />
        <div className="mt-2 flex flex-wrap justify-end gap-2 max-sm:*:flex-1">
          <Button type="submit" onClick={() => setIsOn(false)} disabled={sending.isBusy}>
            Keep it switched off
          </Button>
          <span onClickCapture={() => setIsOn(true)} className="contents">
            <SubmitButton isBusy={sending.isBusy}>Switch it on</SubmitButton>
          </span>
        </div>
      </Form>
    )
  }
  return <Tried draft={draft} tried={tried && { rule: tried }} form={form} />
}

/** Where a rule is made, on a goal (`?goal=`), a KPI (`?metric=`) or what is chosen, tried on the past while one writes. */
export const NewRulePage = () => {
  const { membership, viewer, may } = useViewing()
  const [search] = useSearchParams()
  const goalId = search.get('goal')
  const manages = may('alert:manage')
  const subjects = useKeptQuery(RuleSubjectsDocument, {}, { pause: !manages })
  const goals = useKeptQuery(RuleGoalsDocument, {}, { pause: !manages })
  const asked = useKeptQuery(RuleGoalDocument, { id: goalId ?? '' }, { pause: !manages || goalId === null })
  const channels = useKeptQuery(RuleChannelsDocument, {}, { pause: !manages })
  const parts = [subjects, goals, channels, ...(goalId === null ? [] : [asked])]
  const failed = parts.find(({ error, data }) => error !== null && data === null)
  const kpi = subjects.data?.kpiCatalog.find(({ metric }) => slugOfMetric(metric) === search.get('metric'))
  const goal = asked.data?.goal ?? null
  const others = (goals.data?.goals.nodes ?? []).filter(({ id }) => id !== goal?.id)
  return (
    <PageBody isWide>
      <ProgressLine isActive={parts.some(({ isFetching }) => isFetching)} />
      <BackLink />
      <PageHeading
        title="New rule"
        place={membership.name}
        note="It is tried on the past before it is switched on."
      />
      {failed?.error && (
        <ErrorCard
          title="The form could not be loaded"
          message={errorWords(failed.error)}
          onRetry={failed.refetch}
        />
      )}
      {viewer && !manages && <p className="text-muted">Your role may look at rules, but not make them.</p>}
      {manages && subjects.data && goals.data && channels.data && (goalId === null || asked.data) ? (
        <NewRule
          key={`${goalId} ${kpi?.metric}`}
          kpis={subjects.data.kpiCatalog}
          goals={goal ? [goal, ...others] : others}
          channels={channels.data.alertChannels}
          initial={
            kpi
              ? { ...watching(emptyRule, 'kpi'), metric: kpi.metric }
              : { ...emptyRule, goalId: goal?.id ?? null }
          }
        />
      ) : (
        manages && !failed && <RowsSkeleton />
      )}
    </PageBody>
  )
}

type Rule = NonNullable<AlertRuleQuery['alertRule']>

type EditRuleProps = {
  readonly rule: Rule
  readonly channels: readonly ChannelList_ChannelFragment[]
  readonly sentTo: readonly string[]
}

const EditRule = ({ rule, channels, sentTo }: EditRuleProps) => {
  const { membership, organization } = useViewing()
  const [, navigate] = useLocation()
  const client = useClient()
  const tell = useToast()
  const sending = useSending()
  // As it was when the form was opened: what others change meanwhile must not look like an edit of one's own.
  const [opened] = useState((): RuleDraft => ({ ...draftOfRule(rule), channelIds: sentTo }))
  const [draft, setDraft] = useState(opened)
  const [openedVersion] = useState(rule.version)
  const change = (changes: Partial<RuleDraft>) => setDraft((before) => ({ ...before, ...changes }))
  const send = useExpectedVersion(openedVersion, async () => {
    const again = await client
      .query(AlertRuleDocument, { id: rule.id }, { requestPolicy: 'network-only' })
      .toPromise()
    return again.data?.alertRule?.version ?? null
  })
  const save = async () => {
    const reason = draft.reason.trim()
    const answer = await send(UpdateAlertRuleDocument, {
      rule: rule.id,
      ...ruleChanges(opened, draft),
      ...(reason === '' ? {} : { reason }),
    })
    if (isProblem(answer)) return answer
    tell('The rule is changed.')
    navigate(alertPath(membership.slug, 'rules'))
    return null
  }
  const changed = triedChange(rule, opened, draft)
  const form: FormPart = (foretold) => {
    const problemAt = (field: string) => messageAt(sending.problem, field) ?? foretold(field)
    const part = { draft, onChange: change, problemAt }
    return (
      <Form sending={sending} fields={fields} onSend={save}>
        <p className="text-pretty text-muted">
          Watches{' '}
          {rule.goal ? (
            <Link
              href={goalPath(membership.slug, rule.goal.id)}
              className="rounded-sm font-medium text-accent hover:underline"
            >
              {rule.goal.name}
            </Link>
          ) : (
            <span className="font-medium text-ink">
              {rule.metric?.name ?? 'a KPI'} · {rule.scope}, in {rule.currency}
            </span>
          )}
          . For something else make another rule.
        </p>
        <TextField
          label="Name"
          required
          maxLength={200}
          autoComplete="off"
          value={draft.name}
          onChange={({ target }) => change({ name: target.value })}
          error={problemAt('name')}
        />
        <ConditionFields {...part} unit={rule.metric?.unit ?? null} currency={rule.currency} />
        <TellFields {...part} />
        <ChannelFields {...part} channels={channels} />
        <TextField
          label="Why it is changed (optional)"
          hint="It stays with the rule."
          maxLength={500}
          autoComplete="off"
          value={draft.reason}
          onChange={({ target }) => change({ reason: target.value })}
          error={problemAt('reason')}
        />
        <div className="mt-2 flex flex-wrap justify-end gap-2 max-sm:*:flex-1">
          <Button onClick={() => navigate(alertPath(membership.slug, 'rules'))}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Save</SubmitButton>
        </div>
      </Form>
    )
  }
  return (
    <>
      <Tried draft={draft} tried={changed && { change: changed }} form={form} />
      {rule.changes.length > 0 && organization && (
        <Panel title="Changes" note={String(rule.changes.length)}>
          <RuleChanges changes={rule.changes} timeZone={organization.timeZone} />
        </Panel>
      )}
    </>
  )
}

/** One rule: what it says, to be changed, what it would have done, and what was changed of it. */
export const RulePage = ({ id }: { readonly id: string }) => {
  const { membership, viewer, may } = useViewing()
  const manages = may('alert:manage')
  const found = useKeptQuery(AlertRuleDocument, { id }, { requestPolicy: 'cache-and-network' })
  const channels = useKeptQuery(RuleChannelsDocument, {}, { pause: !manages })
  const sentTo = useKeptQuery(
    AlertRuleChannelsDocument,
    { id },
    { pause: !manages, requestPolicy: 'network-only' },
  )
  const parts = [found, channels, sentTo]
  const failed = parts.find(({ error, data }) => error !== null && data === null)
  const rule = found.data?.alertRule ?? null
  const isGone = found.data !== null && (rule === null || rule.deletedAt !== null)
  return (
    <PageBody isWide>
      <ProgressLine isActive={parts.some(({ isFetching }) => isFetching)} />
      <BackLink />
      <PageHeading
        title={isGone ? 'There is no such rule' : (rule?.name ?? 'Rule')}
        place={membership.name}
        note={
          isGone ? 'It was deleted, or it never was. Its alerts stay to be seen.' : rule?.condition.sentence
        }
      />
      {failed?.error && (
        <ErrorCard
          title="The rule could not be loaded"
          message={errorWords(failed.error)}
          onRetry={failed.refetch}
        />
      )}
      {viewer && !manages && <p className="text-muted">Your role may look at rules, but not change them.</p>}
      {manages && rule && !isGone && channels.data && sentTo.data ? (
        <EditRule
          rule={rule}
          channels={channels.data.alertChannels}
          sentTo={sentTo.data.alertRule?.channels.map((channel) => channel.id) ?? []}
        />
      ) : (
        manages && !failed && !isGone && <RowsSkeleton />
      )}
    </PageBody>
  )
}
