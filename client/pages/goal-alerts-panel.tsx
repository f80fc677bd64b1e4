import { BellPlus } from 'lucide-react'
import { AddDefaultAlertRulesDocument, GoalAlertsDocument } from '../documents.generated.ts'
import { formatCount } from '../format/quantity.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { useSending } from '../ui/form.tsx'
import { isProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { AlertRows } from './alert-rows.tsx'
import { Answered } from './answered.tsx'
import { Panel } from './page-body.tsx'
import { useSend } from './use-send.ts'
import { useViewing } from './use-viewer.ts'

type Rule = { readonly id: string; readonly name: string; readonly enabled: boolean }

/** The rules that watch the goal; where there is none, the way to the usual ones. */
const Rules = ({ goalId, rules }: { readonly goalId: string; readonly rules: readonly Rule[] }) => {
  const { may } = useViewing()
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
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p className="text-pretty text-muted">
            No rule watches this goal, so nobody is told what happens to it.
          </p>
          {may('alert:manage') && (
            <Button onClick={add} disabled={sending.isBusy}>
              <BellPlus aria-hidden="true" className="size-4" />
              Add the usual rules
            </Button>
          )}
        </div>
      ) : (
        <p className="text-xs text-pretty text-muted">
          Watched for:{' '}
          {rules.map(({ id, name, enabled }, index) => (
            <span key={id}>
              {index > 0 && ', '}
              {name.toLowerCase()} {!enabled && <Badge>Off</Badge>}
            </span>
          ))}
        </p>
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
              <Rules goalId={goal.id} rules={goal.alertRules} />
            </div>
          )
        }
      </Answered>
    </Panel>
  )
}
