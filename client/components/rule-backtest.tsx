import type { ReactNode } from 'react'
import { type EpisodeLane, EpisodeStrip } from '../charts/episode-strip.tsx'
import type { RuleBacktest_BacktestFragment } from '../documents.generated.ts'
import { addMonths, type Day, daysBetween, firstOfMonth, formatDay } from '../format/day.ts'
import { formatCount } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { Disclosure } from '../ui/disclosure.tsx'
import { Notice } from '../ui/notice.tsx'
import type { Tone } from '../ui/tone.ts'

export type Backtest = RuleBacktest_BacktestFragment
type Episode = Backtest['episodes'][number]

/** Of which each is told; all of them are in the picture. */
const shownEpisodes = 30

const times = (count: number): string => (count === 1 ? 'once' : `${formatCount(count)} times`)
const inDays = (days: number): string => `${formatCount(days)}\u00a0${days === 1 ? 'day' : 'days'}`

type Counts = Pick<Backtest, 'from' | 'to' | 'fired' | 'falseAlarms' | 'missedGoals' | 'missedSilently'>

/** Of a rule on a goal: on how many goals it would have fired, this one and others like it. */
const goalsOf = (episodes: readonly Pick<Episode, 'deadline' | 'isGoalItself'>[]): number =>
  new Set(episodes.map(({ deadline, isGoalItself }) => `${deadline} ${isGoalItself}`)).size

/** More often than this on one goal is too often, whatever it is about. */
const timesOfGoalMax = 6

/** What to make of it: too quiet, too loud, too often for nothing, or none of it. */
export const verdictOf = (
  { from, to, fired, falseAlarms, missedGoals, missedSilently }: Counts,
  goals: number,
): { readonly tone: Tone; readonly words: string } => {
  const often = missedGoals === null ? daysBetween(from, to) / 30.4 : goals * timesOfGoalMax
  if (missedSilently !== null && missedSilently > 0)
    return {
      tone: 'watch',
      words: `${missedSilently === 1 ? 'A goal like it was' : `${formatCount(missedSilently)} goals like it were`} missed without a word of it. Fewer days, or a nearer threshold, tell more.`,
    }
  if (fired === 0)
    return { tone: 'idle', words: 'It would not have fired. It is there for what did not happen yet.' }
  if (falseAlarms !== null && falseAlarms * 3 >= fired)
    return {
      tone: 'watch',
      words: `${falseAlarms * 2 > fired ? 'Most' : 'Much'} of it for nothing. More days, or a threshold further away, make it quieter.`,
    }
  if (fired > Math.max(often, 1))
    return {
      tone: 'watch',
      words: `That is more than ${missedGoals === null ? 'once a month' : `${timesOfGoalMax} times a goal`}. What comes so often is soon read by nobody.`,
    }
  return { tone: 'well', words: 'Seldom enough to be read.' }
}

const kindOf = ({ isFalseAlarm }: Episode, isGoodNews: boolean): 'RIGHT' | 'FALSE' | 'OPEN' => {
  if (isGoodNews) return 'RIGHT'
  if (isFalseAlarm === null) return 'OPEN'
  return isFalseAlarm ? 'FALSE' : 'RIGHT'
}

const looks = {
  RIGHT: { name: 'Rightly', tone: 'well' },
  FALSE: { name: 'For nothing', tone: 'watch' },
  OPEN: { name: 'Not known yet', tone: 'idle' },
} as const satisfies Record<string, { readonly name: string; readonly tone: Tone }>

const lanesOf = ({ from, episodes }: Backtest, isGoodNews: boolean): EpisodeLane[] => {
  const place = (day: Day) => daysBetween(from, day)
  return (['RIGHT', 'FALSE', 'OPEN'] as const).flatMap((kind) => {
    const spans = episodes
      .filter((episode) => kindOf(episode, isGoodNews) === kind)
      .map(({ raisedOn, days }) => [place(raisedOn), place(raisedOn) + days] as const)
    const name = isGoodNews ? 'Good news' : looks[kind].name
    return spans.length === 0 ? [] : [{ name, tone: looks[kind].tone, spans }]
  })
}

/** The first days of quarters. */
const quartersBetween = (from: Day, to: Day): Day[] => {
  const days: Day[] = []
  for (let day = addMonths(firstOfMonth(from), 1); day <= to; day = addMonths(day, 1))
    if (['01', '04', '07', '10'].includes(day.slice(5, 7))) days.push(day)
  return days
}

const Fact = ({ term, children }: { readonly term: string; readonly children: ReactNode }) => (
  <div className="grid grid-cols-[9rem_minmax(0,1fr)] gap-x-3 max-sm:grid-cols-[7rem_minmax(0,1fr)]">
    <dt className="text-muted">{term}</dt>
    <dd className="text-pretty">{children}</dd>
  </div>
)

const Small = ({ children }: { readonly children: ReactNode }) => (
  <span className="block text-xs text-muted">{children}</span>
)

const FalseAlarms = ({ backtest }: { readonly backtest: Backtest }) => {
  const { falseAlarms, episodes, missedGoals } = backtest
  const known = episodes.filter(({ isFalseAlarm }) => isFalseAlarm !== null).length
  if (falseAlarms === null) return null
  return (
    <Fact term="False alarms">
      {formatCount(falseAlarms)} of {formatCount(Math.max(known, falseAlarms))}
      <Small>
        {missedGoals === null
          ? 'Over within 30 days, and the figure was no worse 30 days later.'
          : 'It fired, and the goal was reached all the same.'}
      </Small>
    </Fact>
  )
}

const LeadTime = ({ backtest }: { readonly backtest: Backtest }) => {
  const { missedGoals, missedSilently, leadTimeDaysMedian } = backtest
  if (missedGoals === null) return null
  const told = missedGoals - (missedSilently ?? 0)
  return (
    <Fact term="Goals that were missed">
      {missedGoals === 0
        ? 'None of those like it.'
        : `${formatCount(told)} of ${formatCount(missedGoals)} told of`}
      {leadTimeDaysMedian !== null && (
        <Small>Half of them at least {inDays(Math.round(leadTimeDaysMedian))} before the deadline.</Small>
      )}
    </Fact>
  )
}

const EpisodeRow = ({ episode, isGoodNews }: { readonly episode: Episode; readonly isGoodNews: boolean }) => {
  const { raisedOn, endedOn, days, reason, deadline, isGoalItself, leadTimeDays } = episode
  const { name, tone } = looks[kindOf(episode, isGoodNews)]
  return (
    <li className="border-t border-line py-2 first:border-t-0">
      <p className="flex flex-wrap items-baseline gap-x-2 gap-y-0.5">
        <span className="figures font-medium">{formatDay(raisedOn, 'medium')}</span>
        <span className="figures text-xs text-muted">
          {inDays(days)}
          {endedOn === null && (isGoalItself === false ? ', to its end' : ' so far')}
        </span>
        <Badge tone={tone}>{isGoodNews ? 'Good news' : name}</Badge>
      </p>
      <p className="text-xs text-pretty text-muted">
        {reason}
        {deadline !== null &&
          ` ${isGoalItself === true ? 'The goal itself' : 'A goal like it'}, due on ${formatDay(deadline, 'medium')}${leadTimeDays === null ? '' : `: ${inDays(leadTimeDays)} before`}.`}
      </p>
    </li>
  )
}

type RuleBacktestProps = { readonly backtest: Backtest; readonly isGoodNews: boolean }

/** What a rule would have done: how often, how often for nothing, how early, and each time of it. */
export const RuleBacktest = ({ backtest, isGoodNews }: RuleBacktestProps) => {
  const { from, to, fired, missedGoals, durationDaysMedian, daysWithoutData, episodes } = backtest
  const goals = missedGoals === null ? 0 : goalsOf(episodes)
  const verdict = verdictOf(backtest, goals)
  const lanes = lanesOf(backtest, isGoodNews)
  const newest = episodes.slice(-shownEpisodes).toReversed()
  return (
    <div className="grid gap-3.5">
      <p className="text-lg font-semibold tracking-[-0.01em]">
        {fired === 0 ? 'It would not have fired' : `It would have fired ${times(fired)}`}
        <span className="block text-xs font-normal text-muted">
          {goals > 1 && `on ${formatCount(goals)} goals: this one, and those like it in the past, `}from{' '}
          {formatDay(from, 'medium')} to {formatDay(to, 'medium')}, by what is known of these days now
        </span>
      </p>
      {!isGoodNews && <Notice tone={verdict.tone}>{verdict.words}</Notice>}
      {lanes.length > 0 && (
        <div>
          <EpisodeStrip
            range={[0, Math.max(daysBetween(from, to), 1)]}
            lanes={lanes}
            marks={quartersBetween(from, to).map((day) => daysBetween(from, day))}
          />
          <p className="figures mt-1 flex justify-between pl-24 text-2xs text-faint">
            <span>{formatDay(from, 'month')}</span>
            <span>{formatDay(to, 'month')}</span>
          </p>
        </div>
      )}
      <dl className="figures grid gap-2">
        <FalseAlarms backtest={backtest} />
        <LeadTime backtest={backtest} />
        {durationDaysMedian !== null && (
          <Fact term="How long">
            Half of its alerts lasted {inDays(Math.round(durationDaysMedian))} or more
          </Fact>
        )}
        {daysWithoutData > 0 && <Fact term="Without a value">{inDays(daysWithoutData)}</Fact>}
      </dl>
      {episodes.length > 0 && (
        <Disclosure label="Each time" labelClassName="w-fit text-sm font-medium">
          <ol className="mt-1">
            {newest.map((episode) => (
              <EpisodeRow
                key={`${episode.raisedOn} ${episode.endedOn} ${episode.deadline} ${episode.isGoalItself}`}
                episode={episode}
                isGoodNews={isGoodNews}
              />
            ))}
          </ol>
          {newest.length < episodes.length && (
            <p className="border-t border-line pt-2 text-xs text-muted">
              And {times(fired - newest.length)} before.
            </p>
          )}
        </Disclosure>
      )}
    </div>
  )
}
