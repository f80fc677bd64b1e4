import { useState } from 'react'
import { RuleBacktest } from '../components/rule-backtest.tsx'
import { type BacktestAlertRuleInput, RuleBacktestDocument } from '../documents.generated.ts'
import { type Answer, useAnswer } from '../live/use-answer.ts'
import { useSettled } from '../live/use-settled.ts'
import type { RuleBacktestQuery } from '../documents.generated.ts'
import { Notice } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { answerClass } from './answered.tsx'
import { errorWords } from './error-words.ts'

export type TriedInput = Omit<BacktestAlertRuleInput, 'months'>

/** Two years of days are much to ask for at each key. */
const typingPauseMs = 600

export const monthChoices = [
  { months: 6, label: '6 months' },
  { months: 12, label: '1 year' },
  { months: 24, label: '2 years' },
  { months: 36, label: '3 years' },
] as const
export const usualMonths = 24

const nothing: BacktestAlertRuleInput = { months: usualMonths }

/** What a rule would have done, asked for once nobody types any more; nothing is asked while it says too little. */
export const useBacktest = (tried: TriedInput | null, months: number): Answer<RuleBacktestQuery> => {
  const input = useSettled(tried === null ? nothing : { ...tried, months }, typingPauseMs)
  const isTried = input.rule != null || input.change != null
  return useAnswer(RuleBacktestDocument, { input }, { pause: !isTried || tried === null })
}

/** How far back it is tried. */
export const useMonths = () => useState<number>(usualMonths)

type BacktestViewProps = {
  readonly answer: Answer<RuleBacktestQuery>
  readonly isTried: boolean
  /** Why it is not tried whatever it says; left out where it is. */
  readonly untried?: string | null
  readonly isGoodNews: boolean
}

/** The backtest, or why there is none. */
export const BacktestView = ({ answer, isTried, untried = null, isGoodNews }: BacktestViewProps) => {
  const { data, error, isOther } = answer
  if (!isTried)
    return (
      <p className="text-pretty text-muted">
        {untried ??
          'As soon as it says what it watches and when it fires, it is tried on the past here: when it would have fired, how often for nothing, and how early.'}
      </p>
    )
  const result = data?.backtestAlertRule
  if (!result)
    return error ? (
      <p role="alert" className="text-pretty text-muted">
        {errorWords(error)}
      </p>
    ) : (
      <Skeleton className="h-56" />
    )
  if (result.__typename !== 'AlertBacktest') return <Notice tone="watch">{result.message}</Notice>
  return (
    <div aria-busy={isOther} className={answerClass(isOther)}>
      <RuleBacktest backtest={result} isGoodNews={isGoodNews} />
    </div>
  )
}
