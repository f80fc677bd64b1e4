import { BellOff, Check, CircleAlert, Info, type LucideIcon, OctagonAlert, PartyPopper } from 'lucide-react'
import type { ReactNode } from 'react'
import { Link } from 'wouter'
import type {
  AlertList_AlertFragment,
  AlertList_TransitionFragment,
  AlertSeverity,
} from '../documents.generated.ts'
import { formatMoment, formatSecond, formatSince } from '../format/moment.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { type Tone, toneText } from '../ui/tone.ts'
import { alertStateWords, endingWords, severityWords, transitionWords } from './alert-words.ts'

export type ListedAlert = AlertList_AlertFragment

export const severityLooks = {
  CRITICAL: { Icon: OctagonAlert, tone: 'act' },
  WARNING: { Icon: CircleAlert, tone: 'watch' },
  INFO: { Icon: Info, tone: 'idle' },
} as const satisfies Record<AlertSeverity, { readonly Icon: LucideIcon; readonly tone: Tone }>

const looksOf = ({ severity, rule }: ListedAlert): { readonly Icon: LucideIcon; readonly tone: Tone } =>
  rule.isGoodNews ? { Icon: PartyPopper, tone: 'well' } : severityLooks[severity]

/** For how long an alert can be kept silent, in hours. */
export const snoozeChoices = [
  { hours: 1, label: 'For an hour' },
  { hours: 24, label: 'For a day' },
  { hours: 168, label: 'For a week' },
] as const

type Deeds = {
  readonly onAcknowledge: (alert: ListedAlert) => void
  readonly onSnooze: (alert: ListedAlert, hours: number) => void
}

type AlertProps = {
  readonly alert: ListedAlert
  readonly now: number
  readonly timeZone: string
  readonly goalHref: (id: string) => string
  /** Null for whoever may only look. */
  readonly deeds: Deeds | null
  /** Its history, once it is asked for. */
  readonly children: ReactNode
}

const Standing = ({ alert, now, timeZone }: Pick<AlertProps, 'alert' | 'now' | 'timeZone'>) => {
  const { raisedAt, endedAt, ending, acknowledgedAt, acknowledgedBy, acknowledgedNote, snoozedUntil } = alert
  const isSilent = snoozedUntil !== null && Date.parse(snoozedUntil) > now && endedAt === null
  return (
    <div className="figures grid gap-0.5 text-xs text-muted">
      <p>
        raised{' '}
        <time dateTime={raisedAt} title={formatSecond(raisedAt, timeZone)}>
          {formatSince(raisedAt, now)}
        </time>
        {endedAt !== null && (
          <>
            , over {formatSince(endedAt, now)}
            {ending && `: ${endingWords[ending]}`}
          </>
        )}
      </p>
      {acknowledgedAt !== null && (
        <p className="text-pretty">
          {acknowledgedBy ?? 'Somebody'} looks after it, since {formatSince(acknowledgedAt, now)}
          {acknowledgedNote !== null && <>: “{acknowledgedNote}”</>}
        </p>
      )}
      {isSilent && (
        <p>
          Silent until {formatMoment(snoozedUntil, timeZone)}
          {alert.snoozedBy !== null && `, by ${alert.snoozedBy}`}
        </p>
      )}
    </div>
  )
}

/** One alert: what is the matter, of what, since when, and who looks after it. */
export const AlertItem = ({ alert, now, timeZone, goalHref, deeds, children }: AlertProps) => {
  const { Icon, tone } = looksOf(alert)
  const { rule, goal, state, severity, summary, latest, endedAt, acknowledgedAt } = alert
  const isOpen = endedAt === null
  return (
    <li className="flex flex-wrap items-start gap-3 border-t border-line px-4 py-3.5 sm:flex-nowrap sm:px-5">
      <Icon aria-hidden="true" className={`mt-0.5 size-4 shrink-0 ${toneText[tone]}`} strokeWidth={2.25} />
      <div className="grid min-w-0 flex-1 gap-1">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <span className={`font-semibold ${toneText[tone]}`}>
            {rule.isGoodNews ? 'Good news' : severityWords[severity]}
          </span>
          {state !== 'FIRING' && <Badge>{alertStateWords[state]}</Badge>}
          <span className="min-w-0 text-xs text-muted">{rule.name}</span>
        </p>
        <p className="font-medium text-pretty">{isOpen ? latest : summary}</p>
        <p className="text-xs text-muted">
          {goal ? (
            <Link href={goalHref(goal.id)} className="rounded-sm font-medium text-accent hover:underline">
              {goal.name}
            </Link>
          ) : (
            `${rule.metric?.name ?? 'KPI'} · ${rule.scope}`
          )}
        </p>
        <Standing alert={alert} now={now} timeZone={timeZone} />
        {children}
      </div>
      {deeds && isOpen && (
        <div className="flex shrink-0 items-center gap-1 max-sm:basis-full max-sm:pl-7">
          {acknowledgedAt === null && (
            <Button className="h-8 px-2.5 text-xs" onClick={() => deeds.onAcknowledge(alert)}>
              <Check aria-hidden="true" className="size-3.5" />
              Acknowledge
              <span className="sr-only">: {summary}</span>
            </Button>
          )}
          <Menu
            label={`Keep silent: ${summary}`}
            button={<BellOff aria-hidden="true" className="size-4" />}
            buttonClassName="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-muted hover:bg-sunken hover:text-ink"
          >
            {snoozeChoices.map(({ hours, label }) => (
              <MenuItem key={hours} onChoose={() => deeds.onSnooze(alert, hours)}>
                {label}
              </MenuItem>
            ))}
          </Menu>
        </div>
      )}
    </li>
  )
}

type HistoryProps = {
  readonly transitions: readonly AlertList_TransitionFragment[]
  readonly timeZone: string
}

/** All that happened to an alert, the oldest first. */
export const AlertHistory = ({ transitions, timeZone }: HistoryProps) => (
  <ol className="figures mt-1 grid gap-1.5 border-l border-line pl-3 text-xs text-muted">
    {transitions.map(({ sequence, kind, reason, by, at }) => (
      <li key={sequence} className="text-pretty">
        <span className="font-semibold text-ink">{transitionWords[kind]}</span>
        {by !== null && ` by ${by}`}, <time dateTime={at}>{formatSecond(at, timeZone)}</time>
        <span className="block">{reason}</span>
      </li>
    ))}
  </ol>
)
