import type { GoalTile_GoalFragment } from '../documents.generated.ts'

/** What the page's list of goals was built on; anything else means that the list has to be asked for again. */
export type Seen = Set<string>

type Listed = Pick<GoalTile_GoalFragment, 'id' | 'state' | 'progress'>

const factsOf = ({ id, state, progress }: Listed): string[] => [
  `${id} ${state}`,
  ...(progress ? [progress.asOf] : []),
]

/** Remembers what was seen, and says whether any of it is news: a goal, a state or a day not seen before. */
export const see = (seen: Seen, goals: readonly Listed[]): boolean => {
  const news = goals.flatMap(factsOf).filter((fact) => !seen.has(fact))
  for (const fact of news) seen.add(fact)
  return news.length > 0
}
