import { Flag } from 'lucide-react'
import { addMonths, type Day } from '../format/day.ts'
import { CopyButton } from '../ui/copy-button.tsx'

const makeCommand = (origin: string, today: Day): string => {
  const body = {
    query:
      'mutation($input: CreateGoalInput!) { createGoal(input: $input) { ... on CreateGoalSuccess { goal { id } } ... on Problem { message } } }',
    variables: {
      input: {
        name: 'DSO down to 41 days in half a year',
        metric: 'DSO',
        direction: 'DECREASE',
        target: '41',
        deadline: addMonths(today, 6),
      },
    },
  }
  return [
    `curl ${origin}/graphql \\`,
    `  -H 'authorization: Bearer tdm_…' \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '${JSON.stringify(body)}'`,
  ].join('\n')
}

type NoGoalsProps = { readonly today: Day; readonly hasEndedGoals: boolean }

/** What to do where there is nothing to watch. */
export const NoGoals = ({ today, hasEndedGoals }: NoGoalsProps) => {
  const command = makeCommand(location.origin, today)
  return (
    <div className="panel grid gap-x-10 gap-y-5 p-6 lg:grid-cols-[minmax(16rem,24rem)_minmax(0,1fr)]">
      <div>
        <Flag aria-hidden="true" className="size-5 text-accent" />
        <h3 className="mt-3 text-lg font-semibold">
          {hasEndedGoals ? 'No goal is running' : 'No goals yet'}
        </h3>
        <p className="mt-1 text-pretty text-muted">
          A goal is a KPI with a target and a deadline. Create one, and it appears here by itself, with its
          baseline frozen at today’s value.
        </p>
        <p className="mt-4 flex flex-wrap gap-2">
          <CopyButton text={command} what="the command" />
          <a
            href="/graphiql"
            className="inline-flex h-9 items-center rounded-md px-3.5 text-sm font-medium text-accent hover:bg-sunken"
          >
            Open GraphiQL
          </a>
        </p>
      </div>
      <pre className="rounded-md bg-sunken p-4 font-mono text-xs leading-relaxed break-all whitespace-pre-wrap">
        {command}
      </pre>
    </div>
  )
}
