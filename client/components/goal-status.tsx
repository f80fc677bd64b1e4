import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleSlash,
  CircleX,
  Clock,
  Flag,
  History,
  type LucideIcon,
  OctagonAlert,
  TriangleAlert,
} from 'lucide-react'
import type { GoalStatus } from '../documents.generated.ts'
import { goalStatusWords } from '../format/words.ts'
import { type Tone, toneText } from '../ui/tone.ts'
import { statusOrder } from './goal-status-order.ts'

/** How the server's statuses look. Only looks: what a goal's status is, the server says. */
const looks = {
  ON_TRACK: { tone: 'well', Icon: CircleCheck },
  ACHIEVED: { tone: 'well', Icon: Flag },
  AT_RISK: { tone: 'watch', Icon: TriangleAlert },
  OFF_TRACK: { tone: 'act', Icon: OctagonAlert },
  MISSED: { tone: 'act', Icon: CircleX },
  PENDING_START: { tone: 'idle', Icon: Clock },
  NO_DATA: { tone: 'idle', Icon: CircleDashed },
  STALE: { tone: 'idle', Icon: History },
  INSUFFICIENT_DATA: { tone: 'idle', Icon: CircleAlert },
  ABANDONED: { tone: 'idle', Icon: CircleSlash },
} as const satisfies Record<GoalStatus, { tone: Tone; Icon: LucideIcon }>

export const toneOf = (status: GoalStatus): Tone => looks[status].tone

export const GoalStatusText = ({ status }: { readonly status: GoalStatus }) => {
  const { tone, Icon } = looks[status]
  return (
    <span className={`inline-flex items-center gap-1.5 font-semibold whitespace-nowrap ${toneText[tone]}`}>
      <Icon aria-hidden="true" className="size-4 shrink-0" strokeWidth={2.25} />
      {goalStatusWords[status]}
    </span>
  )
}

/** How many goals there are of each status. */
export const StatusCounts = ({ statuses }: { readonly statuses: readonly GoalStatus[] }) => (
  <ul className="figures flex flex-wrap gap-x-4 gap-y-1">
    {statusOrder.map((status) => {
      const count = statuses.filter((other) => other === status).length
      if (count === 0) return null
      const { tone, Icon } = looks[status]
      return (
        <li key={status} className="inline-flex items-center gap-1.5 text-muted">
          <Icon aria-hidden="true" className={`size-3.5 ${toneText[tone]}`} strokeWidth={2.25} />
          {count} {goalStatusWords[status].toLowerCase()}
        </li>
      )
    })}
  </ul>
)
