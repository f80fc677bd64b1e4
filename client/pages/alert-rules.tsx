import { BellPlus, BellRing } from 'lucide-react'
import { useState } from 'react'
import { Link, useLocation, useSearchParams } from 'wouter'
import { withParameters } from '../components/audit-filter.ts'
import { LiveChip } from '../components/live-chip.tsx'
import { type ListedRule, RuleItem } from '../components/rule-list.tsx'
import { groupRules, parseRuleSearch, ruleChoices, rulesThatFit } from '../components/rule-search.ts'
import {
  AlertRulesDocument,
  type AlertRulesQuery,
  DeleteAlertRuleDocument,
  UpdateAlertRuleDocument,
} from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import type { Live } from '../live.ts'
import { useAlertPulse } from '../live/use-alert-pulse.ts'
import { useIsPaused } from '../live/use-is-paused.ts'
import { type Kept, useKeptQuery } from '../live/use-kept-query.ts'
import { Button, buttonClass, SubmitButton } from '../ui/button.tsx'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { ErrorCard } from '../ui/error-card.tsx'
import { controlClass } from '../ui/field.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { alertPath, goalPath } from './addresses.ts'
import { AlertPlaces } from './alert-places.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { BacktestView, useBacktest, usualMonths } from './rule-backtest-panel.tsx'
import { useRenewal } from './use-renewal.ts'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

const firstPage = 200
/** As many as the API gives at once. */
const most = 1000

/** All rules: most organizations have fewer than a first page of them. */
const useRules = (): Kept<AlertRulesQuery> => {
  const page = useKeptQuery(AlertRulesDocument, { first: firstPage }, { requestPolicy: 'cache-and-network' })
  const hasMore = page.data?.alertRules.pageInfo.hasNextPage === true
  const all = useKeptQuery(
    AlertRulesDocument,
    { first: most },
    { pause: !hasMore, requestPolicy: 'cache-and-network' },
  )
  return hasMore && (all.data !== null || all.error !== null) ? all : page
}

type DialogProps = {
  readonly rule: ListedRule
  readonly onClose: () => void
  readonly onDone: (told: string) => void
}

/** What the rule would have done is seen before it is switched on. */
const SwitchOnDialog = ({ rule, onClose, onDone }: DialogProps) => {
  const send = useSend()
  const sending = useSending()
  const answer = useBacktest({ change: { rule: rule.id, expectedVersion: rule.version } }, usualMonths)
  const switchOn = async () => {
    const done = await send(UpdateAlertRuleDocument, {
      rule: rule.id,
      expectedVersion: rule.version,
      enabled: true,
    })
    if (isProblem(done)) return done
    onDone(`${rule.name} watches.`)
    return null
  }
  return (
    <Dialog title={`Switch on ${rule.name}`} width="wide" onClose={onClose}>
      <Form sending={sending} fields={[]} onSend={switchOn}>
        <p className="text-pretty text-muted">{rule.condition.sentence}</p>
        <div aria-live="polite" className="min-h-56">
          <BacktestView answer={answer} isTried isGoodNews={rule.isGoodNews} />
        </div>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <SubmitButton isBusy={sending.isBusy}>Switch it on</SubmitButton>
        </DialogActions>
      </Form>
    </Dialog>
  )
}

const DeleteDialog = ({ rule, onClose, onDone }: DialogProps) => {
  const send = useSend()
  const remove = async () => {
    const answer = await send(DeleteAlertRuleDocument, { rule: rule.id, expectedVersion: rule.version })
    if (isProblem(answer)) return answer
    onDone(`${rule.name} is deleted.`)
    return null
  }
  return (
    <ConfirmDialog title={`Delete ${rule.name}`} action="Delete" onConfirm={remove} onClose={onClose}>
      <p>Nobody is told of it any more, and an open alert of it ends. What it raised stays to be seen.</p>
    </ConfirmDialog>
  )
}

const NoRules = ({ isFiltered }: { readonly isFiltered: boolean }) => (
  <div className="border-t border-line px-4 py-10 text-center">
    <BellRing aria-hidden="true" className="mx-auto size-5 text-accent" />
    <p className="mt-2 font-medium">{isFiltered ? 'No rule fits.' : 'Nothing is watched.'}</p>
    <p className="mx-auto mt-1 max-w-md text-pretty text-muted">
      A rule tells somebody what happens to a goal or a KPI. Each is tried on the past before it is switched
      on.
    </p>
  </div>
)

/** The dialog that is open, and about which rule. */
type Opened = { readonly kind: 'ON' | 'DELETE'; readonly rule: ListedRule }

type ListProps = { readonly data: AlertRulesQuery; readonly onChanged: () => void }

const List = ({ data, onChanged }: ListProps) => {
  const { membership, may } = useViewing()
  const [, navigate] = useLocation()
  const [parameters, setParameters] = useSearchParams()
  const send = useSend()
  const tell = useToast()
  const [opened, setOpened] = useState<Opened | null>(null)
  const [problem, setProblem] = useState<string | null>(null)
  const search = parseRuleSearch(parameters)
  const { nodes, pageInfo, totalCount } = data.alertRules
  const rules = rulesThatFit(nodes, search)
  const close = () => setOpened(null)
  const done = (told: string) => {
    close()
    tell(told)
    onChanged()
  }
  const switchOff = async ({ id, name, version }: ListedRule) => {
    const answer = await send(UpdateAlertRuleDocument, { rule: id, expectedVersion: version, enabled: false })
    setProblem(isProblem(answer) ? answer.message : null)
    if (!isProblem(answer)) tell(`${name} is switched off.`)
    onChanged()
  }
  const deeds = may('alert:manage')
    ? {
        onSwitch: (rule: ListedRule) =>
          rule.enabled ? void switchOff(rule) : setOpened({ kind: 'ON', rule }),
        onEdit: (rule: ListedRule) => navigate(alertPath(membership.slug, rule.id)),
        onDelete: (rule: ListedRule) => setOpened({ kind: 'DELETE', rule }),
      }
    : null
  const change = (changes: Readonly<Record<string, string | null>>) =>
    setParameters((before) => withParameters(before, changes), { replace: true })
  return (
    <Panel
      title="Rules"
      note={
        rules.length === nodes.length && totalCount !== null
          ? formatCount(totalCount)
          : `${formatCount(rules.length)} of ${formatCount(totalCount ?? nodes.length)}`
      }
      actions={
        <search className="flex flex-wrap items-center gap-2">
          <ChoiceBar
            legend="Which rules"
            choices={ruleChoices}
            chosen={search.show}
            onChoose={(id) => change({ show: id === 'all' ? null : id })}
          />
          <input
            type="search"
            aria-label="Search"
            placeholder="Name, goal or KPI"
            defaultValue={search.text}
            onChange={({ target }) => change({ q: target.value.trim() || null })}
            className={`${controlClass} h-9 w-48!`}
          />
        </search>
      }
    >
      {problem !== null && (
        <Notice tone="act" role="alert" className="mx-4 mb-3 sm:mx-5">
          {problem}
        </Notice>
      )}
      {rules.length === 0 ? (
        <NoRules isFiltered={nodes.length > 0} />
      ) : (
        groupRules(rules).map(({ goal, rules: members }) => (
          <section key={goal?.id ?? ''} aria-label={goal?.name ?? 'KPIs'} className="border-t border-line">
            <h3 className="bg-sunken px-4 py-2 text-xs font-semibold sm:px-5">
              {goal ? (
                <Link
                  href={goalPath(membership.slug, goal.id)}
                  className="rounded-sm text-accent hover:underline"
                >
                  {goal.name}
                </Link>
              ) : (
                'KPIs'
              )}
            </h3>
            <ul>
              {members.map((rule) => (
                <RuleItem
                  key={rule.id}
                  rule={rule}
                  ruleHref={(id) => alertPath(membership.slug, id)}
                  deeds={deeds}
                />
              ))}
            </ul>
          </section>
        ))
      )}
      {pageInfo.hasNextPage && nodes.length >= most && (
        <p className="border-t border-line px-4 py-3 text-muted sm:px-5">
          There are more than can be shown: the first {formatCount(nodes.length)} by name are here.
        </p>
      )}
      {opened?.kind === 'ON' && <SwitchOnDialog rule={opened.rule} onClose={close} onDone={done} />}
      {opened?.kind === 'DELETE' && <DeleteDialog rule={opened.rule} onClose={close} onDone={done} />}
    </Panel>
  )
}

/** What is watched: every rule with where it stands, to be switched, changed and deleted. */
export const AlertRulesPage = ({ live }: { readonly live: Live }) => {
  const { membership, may } = useViewing()
  const { data, error, isFetching, refetch } = useRules()
  const isPaused = useIsPaused(live)
  const pulse = useAlertPulse(live, data?.alerts.alertCursor ?? null, isPaused)
  useRenewal(pulse, refetch)
  return (
    <PageBody isWide>
      <ProgressLine isActive={isFetching} />
      <PageHeading
        title="Alert rules"
        place={membership.name}
        note="What is watched, and what fires when."
        actions={
          <>
            <LiveChip socket={live.socket} />
            {may('alert:manage') && (
              <Link href={alertPath(membership.slug, 'new')} className={buttonClass('primary')}>
                <BellPlus aria-hidden="true" className="size-4" />
                New rule
              </Link>
            )}
          </>
        }
      />
      <AlertPlaces current="rules" />
      {error && (
        <ErrorCard title="The rules could not be loaded" message={errorWords(error)} onRetry={refetch} />
      )}
      {data ? <List data={data} onChanged={refetch} /> : !error && <RowsSkeleton />}
    </PageBody>
  )
}
