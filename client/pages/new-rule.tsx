import { useState } from 'react'
import { useLocation, useSearchParams } from 'wouter'
import { slugOfMetric } from '../components/kpi-themes.ts'
import { emptyRule, type RuleDraft, ruleInput, triedRule, watching } from '../components/rule-draft.ts'
import {
  type ChannelList_ChannelFragment,
  CreateAlertRuleDocument,
  type KpiUnit,
  RuleChannelsDocument,
  RuleGoalDocument,
  type RuleGoalQuery,
  RuleGoalsDocument,
  RuleSubjectsDocument,
} from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
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
import { PageBody } from './page-body.tsx'
import { ConditionFields } from './rule-condition-fields.tsx'
import { type FormPart, RuleForm, ruleFields, RulesLink } from './rule-form.tsx'
import { ChannelFields, TellFields } from './rule-tell-fields.tsx'
import { type OfferedGoal, type OfferedKpi, WatchFields } from './rule-watch-fields.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

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
      <Form sending={sending} fields={ruleFields} onSend={create}>
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
  return <RuleForm draft={draft} tried={tried && { rule: tried }} form={form} />
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
      <RulesLink />
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
