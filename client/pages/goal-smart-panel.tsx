import { useState } from 'react'
import { SmartCheck } from '../components/smart-check.tsx'
import { GoalSmartDocument } from '../documents.generated.ts'
import { useAnswer } from '../live/use-answer.ts'
import { Disclosure } from '../ui/disclosure.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Answered } from './answered.tsx'

type GoalSmartPanelProps = { readonly goalId: string; readonly hrefOf: (id: string) => string }

/** Whether the goal is a SMART one by the books as they are now: asked for only once somebody wants to know. */
export const GoalSmartPanel = ({ goalId, hrefOf }: GoalSmartPanelProps) => {
  const [isOpen, setIsOpen] = useState(false)
  const answer = useAnswer(GoalSmartDocument, { id: goalId }, { pause: !isOpen })
  return (
    <Disclosure
      label="SMART check"
      labelClassName="px-3 py-3 text-base font-semibold sm:px-4"
      className="panel overflow-hidden"
      onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}
    >
      <Answered
        of={answer}
        title="The check could not be made"
        skeleton={<Skeleton className="mx-5 mb-4 h-40" />}
      >
        {({ goal }) => goal && <SmartCheck check={goal.smart} hrefOf={hrefOf} />}
      </Answered>
    </Disclosure>
  )
}
