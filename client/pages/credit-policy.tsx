import { useState } from 'react'
import { useClient } from 'urql'
import { changedRules, draftOf, type PolicyRules } from '../components/policy-draft.ts'
import { PolicyFields, policyFields } from '../components/policy-fields.tsx'
import { PolicyCustomers, PolicyOutcomes, PolicyReasons } from '../components/policy-run.tsx'
import { PolicyVersion } from '../components/policy-versions.tsx'
import {
  CreditPoliciesMoreDocument,
  CreditPolicyDocument,
  type PolicyRules_PolicyFragment,
  SimulateCreditPolicyDocument,
  type SimulateCreditPolicyQuery,
} from '../documents.generated.ts'
import { type Day, dayIn, formatDay } from '../format/day.ts'
import { formatMoment } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { useKeptQuery } from '../live/use-kept-query.ts'
import { Button, SubmitButton } from '../ui/button.tsx'
import { SelectField } from '../ui/field.tsx'
import { Form, useSending } from '../ui/form.tsx'
import { type FormProblem, isProblem, makeProblem, messageAt } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { PageHeading } from '../ui/page-heading.tsx'
import { ProgressLine } from '../ui/progress-line.tsx'
import { RowsSkeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { customerPath } from './addresses.ts'
import { Answered } from './answered.tsx'
import { CreditPlaces } from './credit-places.tsx'
import { errorWords } from './error-words.ts'
import { PageBody, Panel } from './page-body.tsx'
import { SetPolicyDialog } from './set-policy-dialog.tsx'
import { useViewing } from './use-viewer.ts'

type Policy = PolicyRules_PolicyFragment
type Simulation = Extract<
  SimulateCreditPolicyQuery['simulateCreditPolicy'],
  { __typename: 'CreditPolicySimulation' }
>

const spans = [6, 12, 24, 36] as const

const useSimulation = () => {
  const client = useClient()
  return async (rules: PolicyRules, months: number): Promise<Simulation | FormProblem> => {
    const { data, error } = await client
      .query(
        SimulateCreditPolicyDocument,
        { input: { ...rules, months, unknown: 'AS_TODAY' } },
        { requestPolicy: 'network-only' },
      )
      .toPromise()
    if (error || !data) return makeProblem(errorWords(error ?? null))
    const answer = data.simulateCreditPolicy
    return answer.__typename === 'CreditPolicySimulation'
      ? answer
      : makeProblem(answer.message, answer.path.join('.') || null)
  }
}

const Found = ({ simulation }: { readonly simulation: Simulation }) => {
  const { membership } = useViewing()
  const { from, to, proposed } = simulation
  return (
    <>
      <Notice tone="idle" aria-live="polite">
        Every bill from {formatDay(from, 'medium')} to {formatDay(to, 'medium')} was judged as an order on its
        day; where nobody had decided on a limit or a class yet, those of today were taken.
        {proposed.billsWithoutRate > 0 &&
          ` ${proposed.billsWithoutRate} bills are in no amount: a rate is missing.`}
      </Notice>
      <Panel title="What would have come of them">
        <PolicyOutcomes simulation={simulation} />
      </Panel>
      <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-2">
        <Panel title="Why not">
          <PolicyReasons run={proposed} />
        </Panel>
        <Panel title="Who">
          <PolicyCustomers simulation={simulation} hrefOf={(id) => customerPath(membership.slug, id)} />
        </Panel>
      </div>
    </>
  )
}

/** What is wrong with a list as a whole, none of its rows shows. */
const shownFields = (problem: FormProblem | null): readonly string[] =>
  policyFields.filter((field) => field !== problem?.field || !['escalation', 'ratingLimits'].includes(field))

const setWords = ({ version, setAt, setBy, effectiveOn, reason }: Policy, timeZone: string): string =>
  setAt === null
    ? 'Nobody has set rules yet: these are the defaults.'
    : [
        `Version ${version}`,
        effectiveOn === null ? null : `in force since ${formatDay(effectiveOn, 'medium')}`,
        `set by ${setBy ?? 'somebody'}, ${formatMoment(setAt, timeZone)}`,
        reason === null ? null : `“${reason}”`,
      ]
        .filter((part) => part !== null)
        .join(', ')

type RulesProps = {
  readonly policy: Policy
  /** The version that was set last, be it one that is still to come. */
  readonly latest: Policy
  readonly today: Day
  readonly onSet: () => void
}

const Rules = ({ policy, latest, today, onSet }: RulesProps) => {
  const { organization, may } = useViewing()
  const tell = useToast()
  const simulate = useSimulation()
  const sending = useSending()
  const [draft, setDraft] = useState(() => draftOf(policy))
  const [months, setMonths] = useState<number>(24)
  const [found, setFound] = useState<Simulation | null>(null)
  const [isSetting, setIsSetting] = useState(false)
  const rules = changedRules(draft, policy)
  const isSame = Object.keys(rules).length === 0
  const attempt = async () => {
    const answer = await simulate(rules, months)
    setFound(isProblem(answer) ? null : answer)
    return isProblem(answer) ? answer : null
  }
  return (
    <>
      <section aria-labelledby="policy-rules" className="panel px-4 py-4 sm:px-5">
        <h2 id="policy-rules" className="text-base font-semibold">
          Rules
        </h2>
        <p className="pb-4 text-xs text-pretty text-muted">
          {setWords(policy, organization?.timeZone ?? 'UTC')}
        </p>
        <Form sending={sending} fields={shownFields(sending.problem)} onSend={attempt}>
          <PolicyFields
            draft={draft}
            currency={policy.pastDueAmount.currency}
            errorAt={(path) => messageAt(sending.problem, path)}
            onChange={(changes) => setDraft((before) => ({ ...before, ...changes }))}
          />
          <div className="flex flex-wrap items-end gap-2 border-t border-line pt-4">
            <SelectField
              label="On the last"
              value={months}
              onChange={({ target }) => setMonths(Number(target.value))}
              className="w-36"
            >
              {spans.map((span) => (
                <option key={span} value={span}>
                  {span} months
                </option>
              ))}
            </SelectField>
            <SubmitButton isBusy={sending.isBusy}>Try on the past</SubmitButton>
            {!isSame && <Button onClick={() => setDraft(draftOf(policy))}>As in force</Button>}
            {may('credit:write') && !isSame && (
              <Button onClick={() => setIsSetting(true)}>Set the policy</Button>
            )}
          </div>
        </Form>
      </section>
      {found && <Found simulation={found} />}
      {isSetting && (
        <SetPolicyDialog
          latest={latest.version}
          rules={rules}
          today={today}
          onClose={() => setIsSetting(false)}
          onDone={(told) => {
            setIsSetting(false)
            tell(told)
            onSet()
          }}
        />
      )}
    </>
  )
}

type VersionsProps = {
  /** The latest first. */
  readonly policies: readonly Policy[]
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null }
  readonly defaults: Policy
  readonly inForce: number
  readonly today: Day
}

const OlderVersions = ({
  policies,
  after,
  ...rest
}: Omit<VersionsProps, 'pageInfo'> & { readonly after: string }) => {
  const [isWanted, setIsWanted] = useState(false)
  const { data, error } = useKeptQuery(CreditPoliciesMoreDocument, { after }, { pause: !isWanted })
  if (data) {
    const { nodes, pageInfo } = data.creditPolicies
    return <Versions {...rest} policies={[...policies, ...nodes]} pageInfo={pageInfo} />
  }
  return (
    <li className="border-t border-line px-4 py-3 sm:px-5">
      {error ? errorWords(error) : <Button onClick={() => setIsWanted(true)}>Show more</Button>}
    </li>
  )
}

/** Each version with what it changed. The last of a page waits for the next page: it is compared with what is there. */
const Versions = ({ policies, pageInfo, ...rest }: VersionsProps) => {
  const { organization } = useViewing()
  const { hasNextPage, endCursor } = pageInfo
  const shown = hasNextPage ? policies.slice(0, -1) : policies
  return (
    <>
      {shown.map((policy, index) => (
        <PolicyVersion
          key={policy.version}
          policy={policy}
          before={policies[index + 1] ?? rest.defaults}
          isInForce={policy.version === rest.inForce}
          today={rest.today}
          timeZone={organization?.timeZone ?? 'UTC'}
        />
      ))}
      {hasNextPage && endCursor !== null && (
        <OlderVersions {...rest} policies={policies.slice(-1)} after={endCursor} />
      )}
    </>
  )
}

/** By which rules credit is decided, tried on the past before they are set, and all versions that there were. */
export const CreditPolicyPage = () => {
  const { membership, organization } = useViewing()
  const today = dayIn(organization?.timeZone ?? 'UTC', useNow())
  const answer = useAnswer(CreditPolicyDocument, {})
  return (
    <PageBody isWide>
      <ProgressLine isActive={answer.isFetching} />
      <PageHeading
        title="Policy"
        place={membership.name}
        note="By which rules credit is decided. Change some and see what they would have done."
        actions={<CreditPlaces current="policy" />}
      />
      <Answered of={answer} title="The policy could not be loaded" skeleton={<RowsSkeleton />}>
        {({ creditPolicy, defaults, creditPolicies: { nodes, pageInfo, totalCount } }) => {
          const latest = nodes[0] ?? defaults
          const toCome = nodes.filter(({ effectiveOn }) => effectiveOn !== null && effectiveOn > today)
          return (
            <>
              {toCome.length > 0 && (
                <Notice tone="watch">
                  {toCome.toReversed().map(({ version, effectiveOn }) => (
                    <p key={version}>
                      Version {version} holds from {formatDay(effectiveOn ?? today, 'medium')} on.
                    </p>
                  ))}
                </Notice>
              )}
              <Rules
                key={`${creditPolicy.version} ${latest.version}`}
                policy={creditPolicy}
                latest={latest}
                today={today}
                onSet={answer.refetch}
              />
              <Panel title="Versions" note={totalCount === null ? null : formatCount(totalCount)}>
                {nodes.length === 0 ? (
                  <p className="px-4 pb-4 text-muted sm:px-5">Nobody has set rules yet.</p>
                ) : (
                  <ol>
                    <Versions
                      policies={nodes}
                      pageInfo={pageInfo}
                      defaults={defaults}
                      inForce={creditPolicy.version}
                      today={today}
                    />
                  </ol>
                )}
              </Panel>
            </>
          )
        }}
      </Answered>
    </PageBody>
  )
}
