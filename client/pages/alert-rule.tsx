import { useState } from 'react'
import { useClient } from 'urql'
import { Link, useLocation } from 'wouter'
import { draftOfRule, type RuleDraft, ruleChanges, triedChange } from '../components/rule-draft.ts'
import { RuleChanges } from '../components/rule-list.tsx'
import {
  AlertRuleChannelsDocument,
  AlertRuleDocument,
  type AlertRuleQuery,
  type ChannelList_ChannelFragment,
  RuleChannelsDocument,
  UpdateAlertRuleDocument,
} from '../documents.generated.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { TextField } from '../ui/field.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { isProblem, messageAt } from '../ui/form-problem.ts'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { alertPath, goalPath } from './addresses.ts'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { ConditionFields } from './rule-condition-fields.tsx'
import { type FormPart, RuleForm, ruleFields, RulesLink } from './rule-form.tsx'
import { ChannelFields, TellFields } from './rule-tell-fields.tsx'
import { useExpectedVersion } from './use-expected-version.ts'
import { useViewing } from './use-viewer.ts'

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
      <Form sending={sending} fields={ruleFields} onSend={save}>
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
      <RuleForm draft={draft} tried={changed && { change: changed }} form={form} />
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
      <RulesLink />
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
