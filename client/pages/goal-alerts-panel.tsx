import { BellPlus, Plus } from 'lucide-react'
import { Link } from 'wouter'
import { AddDefaultAlertRulesDocument, GoalAlertsDocument } from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Badge } from '../ui/badge.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { useSending } from '../ui/form.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { alertPath } from './addresses.ts'
import { AlertRows } from './alert-rows.tsx'
import { Answered } from './answered.tsx'
import { Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Rule = { readonly id: string; readonly name: string; readonly enabled: boolean }

type RulesProps = {
  readonly goalId: string
  /** Nothing happens to it any more. */
  readonly isClosed: boolean
  readonly rules: readonly Rule[]
}

/** The rules that watch the goal, and the way to more; where there is none, to the usual ones. */
const Rules = ({ goalId, isClosed, rules }: RulesProps) => {
  const { membership, may } = useViewing()
  const manages = may('alert:manage')
  const send = useSend()
  const sending = useSending()
  const tell = useToast()
  const add = () =>
    sending.send(async () => {
      const answer = await send(AddDefaultAlertRulesDocument, { goalId })
      if (isProblem(answer)) return answer
      tell('The usual rules watch this goal.')
      return null
    })
  return (
    <div className="grid gap-2 border-t border-line px-4 py-3 sm:px-5">
      {sending.problem && (
        <Notice tone="act" role="alert">
          {sending.problem.message}
        </Notice>
      )}
      {rules.length === 0 ? (
        <p className="text-pretty text-muted">
          No rule watches this goal, so nobody is told what happens to it.
        </p>
      ) : (
        <p className="text-xs text-pretty text-muted">
          Watched for:{' '}
          {rules.map(({ id, name, enabled }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              {manages ? (
                <Link
                  href={alertPath(membership.slug, id)}
                  className="rounded-sm font-medium text-accent hover:underline"
                >
                  {name.toLowerCase()}
                </Link>
              ) : (
                name.toLowerCase()
              )}{' '}
              {!enabled && <Badge>Off</Badge>}
            </span>
          ))}
        </p>
      )}
      {manages && !isClosed && (
        <div className="flex flex-wrap gap-2">
          {rules.length === 0 && (
            <Button onClick={add} disabled={sending.isBusy}>
              <BellPlus aria-hidden="true" className="size-4" />
              Add the usual rules
            </Button>
          )}
          <Link
            href={`${alertPath(membership.slug, 'new')}?goal=${goalId}`}
            className={buttonClass(rules.length === 0 ? 'quiet' : 'plain')}
          >
            <Plus aria-hidden="true" className="size-4" />
            Add a rule
          </Link>
        </div>
      )}
    </div>
  )
}

type GoalAlertsPanelProps = { readonly goalId: string; readonly timeZone: string; readonly pulse: number }

/** The newest alerts of a goal, and what it is watched for. */
export const GoalAlertsPanel = ({ goalId, timeZone, pulse }: GoalAlertsPanelProps) => {
  const answer = useAnswer(GoalAlertsDocument, { id: goalId }, { pulse })
  const count = answer.data?.goal?.alerts.length ?? 0
  return (
    <Panel title="Alerts" note={count === 0 ? null : formatCount(count)}>
      <Answered
        of={answer}
        title="The alerts could not be loaded"
        skeleton={<Skeleton className="mx-5 mb-4 h-10" />}
      >
        {({ goal }) =>
          goal && (
            <div>
              <AlertRows alerts={goal.alerts} timeZone={timeZone} pulse={pulse} />
              <Rules goalId={goal.id} isClosed={goal.state === 'CLOSED'} rules={goal.alertRules} />
            </div>
          )
        }
      </Answered>
    </Panel>
  )
}
