/** Which alert rules are shown, as the address has it. */
import type { ListedRule } from './rule-list.tsx'

export const ruleChoices = [
  { id: 'all', label: 'All' },
  { id: 'on', label: 'On' },
  { id: 'off', label: 'Off' },
  { id: 'firing', label: 'Firing' },
] as const

export type RuleSearch = {
  readonly show: (typeof ruleChoices)[number]['id']
  readonly text: string
}

/** What cannot be read is as if it were not there. */
export const parseRuleSearch = (search: URLSearchParams): RuleSearch => ({
  show: ruleChoices.find(({ id }) => id === search.get('show'))?.id ?? 'all',
  text: search.get('q') ?? '',
})

type Searched = Pick<ListedRule, 'name' | 'goal' | 'metric' | 'scope' | 'enabled' | 'state'>

const isShown = ({ enabled, state }: Searched, show: RuleSearch['show']): boolean => {
  switch (show) {
    case 'all':
      return true
    case 'on':
      return enabled
    case 'off':
      return !enabled
    case 'firing':
      return enabled && (state === 'FIRING' || state === 'NO_DATA' || state === 'RECOVERING')
  }
}

/** Those that fit, in the order in which they came. Each word has to be found somewhere. */
export const rulesThatFit = <Rule extends Searched>(
  rules: readonly Rule[],
  { show, text }: RuleSearch,
): Rule[] => {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  return rules.filter((rule) => {
    const said = [rule.name, rule.goal?.name, rule.metric?.name, rule.scope].join(' ').toLowerCase()
    return isShown(rule, show) && words.every((word) => said.includes(word))
  })
}

export type RuleGroup<Rule> = {
  /** Null for rules on KPIs, which come first. */
  readonly goal: Searched['goal']
  readonly rules: readonly Rule[]
}

/** By what they watch: what most rules are called says little without it. */
export const groupRules = <Rule extends Searched>(rules: readonly Rule[]): RuleGroup<Rule>[] => {
  const byGoal = Map.groupBy(rules, ({ goal }) => goal?.id ?? '')
  return [...byGoal.values()]
    .map((members) => ({ goal: members[0]?.goal ?? null, rules: members }))
    .toSorted((a, b) => (a.goal?.name ?? '').localeCompare(b.goal?.name ?? '', 'en'))
}
