import { Pencil, Trash2 } from 'lucide-react'
import { useId } from 'react'
import type { GoalMilestones_MilestoneFragment } from '../documents.generated.ts'
import { formatDay } from '../format/day.ts'
import { Badge } from '../ui/badge.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'

export type Milestone = GoalMilestones_MilestoneFragment

export type MilestoneDeed = 'TICK' | 'UNDO' | 'EDIT' | 'DROP'

type GoalMilestonesProps = {
  readonly milestones: readonly Milestone[]
  /** The one that is being ticked off. */
  readonly busyId: string | null
  readonly onDo: ((deed: MilestoneDeed, milestone: Milestone) => void) | null
}

const MilestoneItem = ({
  milestone,
  busyId,
  onDo,
}: Omit<GoalMilestonesProps, 'milestones'> & { readonly milestone: Milestone }) => {
  const id = useId()
  const { title, dueOn, doneOn, doneBy, isOverdue } = milestone
  return (
    <li className="flex items-start gap-3 border-t border-line px-4 py-3 sm:px-5">
      <input
        type="checkbox"
        id={id}
        checked={doneOn !== null}
        disabled={onDo === null || busyId === milestone.id}
        onChange={() => onDo?.(doneOn === null ? 'TICK' : 'UNDO', milestone)}
        className="mt-0.5 size-4 shrink-0 accent-accent"
      />
      <div className="min-w-0 flex-1">
        <label htmlFor={id} className="font-medium text-pretty">
          {title}
        </label>
        <p className="figures flex flex-wrap items-center gap-x-2 text-xs text-muted">
          {doneOn === null
            ? `by ${formatDay(dueOn, 'medium')}`
            : `done ${formatDay(doneOn, 'medium')}${doneBy === null ? '' : ` by ${doneBy}`}, due ${formatDay(dueOn, 'medium')}`}
          {isOverdue && <Badge tone="act">Overdue</Badge>}
        </p>
      </div>
      {onDo && (
        <Menu label={`More for ${title}`}>
          <MenuItem
            icon={<Pencil aria-hidden="true" className="size-4" />}
            onChoose={() => onDo('EDIT', milestone)}
          >
            Edit
          </MenuItem>
          <MenuItem
            isDanger
            icon={<Trash2 aria-hidden="true" className="size-4" />}
            onChoose={() => onDo('DROP', milestone)}
          >
            Take off the list
          </MenuItem>
        </Menu>
      )}
    </li>
  )
}

/** The checklist of a goal; a tick counts at once. */
export const GoalMilestones = ({ milestones, ...rest }: GoalMilestonesProps) => (
  <ul>
    {milestones.map((milestone) => (
      <MilestoneItem key={milestone.id} milestone={milestone} {...rest} />
    ))}
  </ul>
)
