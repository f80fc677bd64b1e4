import { History, PartyPopper, Pencil, Trash2 } from 'lucide-react'
import { Link } from 'wouter'
import type { RuleList_ChangeFragment, RuleList_RuleFragment } from '../documents.generated.ts'
import { formatSecond } from '../format/moment.ts'
import { Badge } from '../ui/badge.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { Switch } from '../ui/switch.tsx'
import { toneText } from '../ui/tone.ts'
import { severityLooks } from './alert-list.tsx'
import { severityWords } from './alert-words.ts'
import { isOnCredit } from './rule-draft.ts'
import { ruleChangeWords, ruleStateTones, ruleStateWords, termsInWords } from './rule-words.ts'

export type ListedRule = RuleList_RuleFragment

export type RuleDeeds = {
  readonly onSwitch: (rule: ListedRule) => void
  readonly onEdit: (rule: ListedRule) => void
  readonly onDelete: (rule: ListedRule) => void
}

type RuleItemProps = {
  readonly rule: ListedRule
  readonly ruleHref: (id: string) => string
  /** Null for whoever may only look. */
  readonly deeds: RuleDeeds | null
}

const State = ({ rule: { enabled, state } }: { readonly rule: ListedRule }) => {
  if (!enabled) return <Badge>Off</Badge>
  return state === 'OK' ? null : <Badge tone={ruleStateTones[state]}>{ruleStateWords[state]}</Badge>
}

/** One rule: what it watches, when it fires, and whether it is switched on. */
export const RuleItem = ({ rule, ruleHref, deeds }: RuleItemProps) => {
  const { name, goal, metric, scope, condition, severity, isGoodNews, enabled } = rule
  const { Icon, tone } = isGoodNews ? { Icon: PartyPopper, tone: 'well' as const } : severityLooks[severity]
  const terms = termsInWords(rule)
  return (
    <li className="flex items-start gap-3 border-t border-line px-4 py-2.5 sm:px-5">
      <Icon
        aria-hidden="true"
        className={`mt-0.5 size-4 shrink-0 ${enabled ? toneText[tone] : 'text-faint'}`}
        strokeWidth={2.25}
      />
      <div className="grid min-w-0 flex-1 gap-0.5">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          {deeds ? (
            <Link href={ruleHref(rule.id)} className="min-w-0 rounded-sm font-semibold hover:underline">
              {name}
            </Link>
          ) : (
            <span className="font-semibold">{name}</span>
          )}
          <span className={`text-xs ${toneText[tone]}`}>
            {isGoodNews ? 'Good news' : severityWords[severity]}
          </span>
          <State rule={rule} />
        </p>
        <p className="figures text-xs text-pretty text-muted">
          {[condition.sentence.replace(/\.$/, ''), ...terms].join(' · ')}
        </p>
        {goal === null && (
          <p className="text-xs text-muted">
            {isOnCredit(rule) ? 'Credit · All customers' : `${metric?.name ?? 'KPI'} · ${scope}`}
          </p>
        )}
      </div>
      {deeds && (
        <div className="-my-1 flex shrink-0 items-center gap-1">
          <Switch label={`${name}: watch`} isOn={enabled} onClick={() => deeds.onSwitch(rule)} />
          <Menu label={`More for ${name}`}>
            <MenuItem
              icon={<Pencil aria-hidden="true" className="size-4 text-muted" />}
              onChoose={() => deeds.onEdit(rule)}
            >
              Edit
            </MenuItem>
            <MenuItem
              isDanger
              icon={<Trash2 aria-hidden="true" className="size-4" />}
              onChoose={() => deeds.onDelete(rule)}
            >
              Delete
            </MenuItem>
          </Menu>
        </div>
      )}
    </li>
  )
}

type ChangesProps = {
  readonly changes: readonly RuleList_ChangeFragment[]
  readonly timeZone: string
}

/** What was changed of a rule, by whom and why, the newest first. */
export const RuleChanges = ({ changes, timeZone }: ChangesProps) => (
  <ol>
    {changes.map(({ version, by, at, reason, fields }) => (
      <li key={version} className="flex gap-3 border-t border-line px-4 py-3 sm:px-5">
        <History aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-faint" />
        <div className="grid min-w-0 gap-0.5">
          <p className="text-xs text-muted">
            {by}, <time dateTime={at}>{formatSecond(at, timeZone)}</time>
          </p>
          <p className="text-pretty wrap-anywhere">{fields.map(ruleChangeWords).join(' · ')}</p>
          {reason !== null && <p className="text-xs text-pretty text-muted">“{reason}”</p>}
        </div>
      </li>
    ))}
  </ol>
)
