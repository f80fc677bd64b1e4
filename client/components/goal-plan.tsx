import {
  Ban,
  Check,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CircleSlash,
  type LucideIcon,
  Pencil,
  Play,
} from 'lucide-react'
import type { GoalActionState, GoalPlan_ActionFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { formatChange, type Quantity } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { ChangeText } from '../ui/change.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { type Tone, toneText } from '../ui/tone.ts'
import { actionStateWords } from './goal-words.ts'

export type PlannedAction = GoalPlan_ActionFragment

export type ActionDeed = 'START' | 'FINISH' | 'DROP' | 'EDIT'

const looks = {
  PLANNED: { Icon: CircleDashed, tone: 'idle' },
  STARTED: { Icon: CircleDot, tone: 'watch' },
  DONE: { Icon: CircleCheck, tone: 'well' },
  DROPPED: { Icon: CircleSlash, tone: 'idle' },
} as const satisfies Record<GoalActionState, { readonly Icon: LucideIcon; readonly tone: Tone }>

const whenWords = ({ state, startedOn, doneOn, dueOn }: PlannedAction): string => {
  const day = (date: string) => formatDay(date, 'medium')
  const by = dueOn === null ? '' : `, by ${day(dueOn)}`
  switch (state) {
    case 'DONE':
      return doneOn === null ? 'done' : `done ${day(doneOn)}`
    case 'STARTED':
      return `${startedOn === null ? 'under way' : `since ${day(startedOn)}`}${by}`
    case 'PLANNED':
      return dueOn === null ? 'no day yet' : `by ${day(dueOn)}`
    case 'DROPPED':
      return 'dropped'
  }
}

const Effect = ({
  action,
  quantity,
  isMoreBetter,
}: Pick<PlanProps, 'quantity' | 'isMoreBetter'> & { readonly action: PlannedAction }) => {
  const change = action.effect?.change ?? null
  if (change === null) return null
  return (
    <p className="figures text-xs text-muted">
      The value moved by{' '}
      <ChangeText change={formatChange(Number(change), quantity, 'whole')} isMoreBetter={isMoreBetter} />{' '}
      meanwhile; other things may have moved it too.
    </p>
  )
}

type PlanProps = {
  readonly actions: readonly PlannedAction[]
  readonly quantity: Quantity
  readonly isMoreBetter: boolean | null
  /** Null for whoever may only look. */
  readonly onDo: ((deed: ActionDeed, action: PlannedAction) => void) | null
}

const ActionItem = ({
  action,
  quantity,
  isMoreBetter,
  onDo,
}: Omit<PlanProps, 'actions'> & { readonly action: PlannedAction }) => {
  const { Icon, tone } = looks[action.state]
  const isOpen = action.state === 'PLANNED' || action.state === 'STARTED'
  return (
    <li className="flex items-start gap-3 border-t border-line px-4 py-3 sm:px-5">
      <Icon aria-hidden="true" className={`mt-0.5 size-4 shrink-0 ${toneText[tone]}`} strokeWidth={2.25} />
      <div className="grid min-w-0 flex-1 gap-0.5">
        <p
          className={`font-medium text-pretty ${action.state === 'DROPPED' ? 'text-muted line-through' : ''}`}
        >
          {action.title}
        </p>
        <p className="figures flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
          <span className="sr-only">{actionStateWords[action.state]}:</span>
          {action.owner?.name ?? 'Nobody'} · {whenWords(action)}
          {action.isOverdue && <Badge tone="act">Overdue</Badge>}
        </p>
        {action.brings !== null && (
          <p className="text-xs text-pretty text-muted">To bring: {action.brings}</p>
        )}
        {action.droppedReason !== null && (
          <p className="text-xs text-pretty text-muted">“{action.droppedReason}”</p>
        )}
        <Effect action={action} quantity={quantity} isMoreBetter={isMoreBetter} />
      </div>
      {onDo && isOpen && (
        <div className="flex shrink-0 items-center gap-1">
          <Button
            className="h-8 px-2.5 text-xs"
            onClick={() => onDo(action.state === 'PLANNED' ? 'START' : 'FINISH', action)}
          >
            {action.state === 'PLANNED' ? (
              <>
                <Play aria-hidden="true" className="size-3.5" />
                Start
              </>
            ) : (
              <>
                <Check aria-hidden="true" className="size-3.5" />
                Done
              </>
            )}
            <span className="sr-only">: {action.title}</span>
          </Button>
          <Menu label={`More for ${action.title}`}>
            {action.state === 'PLANNED' && (
              <MenuItem
                icon={<Check aria-hidden="true" className="size-4" />}
                onChoose={() => onDo('FINISH', action)}
              >
                Done
              </MenuItem>
            )}
            <MenuItem
              icon={<Pencil aria-hidden="true" className="size-4" />}
              onChoose={() => onDo('EDIT', action)}
            >
              Edit
            </MenuItem>
            <MenuItem
              isDanger
              icon={<Ban aria-hidden="true" className="size-4" />}
              onChoose={() => onDo('DROP', action)}
            >
              Drop
            </MenuItem>
          </Menu>
        </div>
      )}
    </li>
  )
}

/** What is done so that the goal is reached. */
export const GoalPlan = ({ actions, ...rest }: PlanProps) =>
  actions.length === 0 ? (
    <p className="border-t border-line px-4 py-6 text-center text-muted sm:px-5">
      Nothing is planned yet. A goal without a plan is a wish.
    </p>
  ) : (
    <ul>
      {actions.map((action) => (
        <ActionItem key={action.id} action={action} {...rest} />
      ))}
    </ul>
  )
