import { ArrowLeft } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type { RuleDraft } from '../components/rule-draft.ts'
import { ChoiceBar } from '../ui/choice-bar.tsx'
import { alertPath } from './addresses.ts'
import { Panel } from './page-body.tsx'
import {
  BacktestView,
  monthChoices,
  type TriedInput,
  useBacktest,
  useMonths,
} from './rule-backtest-panel.tsx'
import { useViewing } from './use-viewer.ts'

/** The fields that the forms of a rule show the problems of. */
export const ruleFields = [
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

export type RulePartProps = {
  readonly draft: RuleDraft
  readonly onChange: (changes: Partial<RuleDraft>) => void
  /** What is wrong with a field of the input; null where nothing is. */
  readonly problemAt: (field: string) => string | null
}

const isNews = ({ kind, statuses }: RuleDraft): boolean =>
  kind === 'MILESTONE' ||
  kind === 'AHEAD_BY' ||
  (kind === 'STATUS' &&
    statuses.length > 0 &&
    statuses.every((status) => status === 'ON_TRACK' || status === 'ACHIEVED'))

export const RulesLink = () => {
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

type RuleFormProps = { readonly draft: RuleDraft; readonly tried: TriedInput | null; readonly form: FormPart }
export type FormPart = (problemAt: (field: string) => string | null) => ReactNode

const monthBar = monthChoices.map(({ months, label }) => ({ id: String(months), label }))

/** The form, and beside it what the rule that it makes would have done. */
export const RuleForm = ({ draft, tried, form }: RuleFormProps) => {
  const [months, setMonths] = useMonths()
  const answer = useBacktest(tried, months)
  const result = answer.data?.backtestAlertRule
  const isTriedNowhere = draft.watches === 'credit'
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
            isTriedNowhere ? null : (
              <ChoiceBar
                legend="How far back"
                choices={monthBar}
                chosen={String(months)}
                onChoose={(chosen) => setMonths(Number(chosen))}
              />
            )
          }
        >
          <div aria-live="polite" className={`px-4 pt-2 pb-4 sm:px-5 ${isTriedNowhere ? '' : 'min-h-72'}`}>
            <BacktestView
              answer={answer}
              isTried={tried !== null}
              untried={
                isTriedNowhere
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
