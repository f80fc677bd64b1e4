/**
 * `pnpm bench live [--scenes path,storm,singles,screens,two] [--invoices N] [--viewers N] [--seconds N]`: from the commit of a
 * payment to the frames of those who watch; servers, viewers and payers are processes of their own. Each scene says
 * what it aims at; on a busy machine only what stands beside `select 1` of the same time means anything.
 */
import { parseArgs } from 'node:util'
import { type Played, play, type Scene } from './live/play.ts'
import { openStage, type ServerProcess, type Stage } from './live/stage.ts'

type Plan = Pick<Scene, 'viewers' | 'atOnce' | 'perSecond' | 'seconds'> & {
  readonly title: string
  readonly servers: number
  /** The goal that counts payments alone, or all. */
  readonly follows: 'one' | 'all'
  readonly aims: (played: Played) => readonly Aim[]
}

/** What is aimed at, and whether it was reached. */
type Aim = readonly [words: string, isReached: boolean]

const PLANS: Readonly<Record<string, Plan>> = {
  path: {
    title: 'A payment now and then, 1,000 viewers of all goals',
    servers: 1,
    follows: 'all',
    viewers: 1_000,
    atOnce: 1,
    perSecond: 10,
    seconds: 20,
    aims: ({ atOne }) => [
      ['commit to frame at one viewer: p50 under 15 ms', (atOne?.p50 ?? Infinity) < 15],
      ['p99 under 50 ms', (atOne?.p99 ?? Infinity) < 50],
    ],
  },
  storm: {
    title: '500 payments a second, 25 in a request, 1,000 viewers of all goals',
    servers: 1,
    follows: 'all',
    viewers: 1_000,
    atOnce: 25,
    perSecond: 500,
    seconds: 60,
    aims: ({ paid, evaluator }) => [
      ['500 payments a second, no backlog', paid.perSecond > 490],
      ['evaluator behind by p99 under 250 ms', evaluator.p99 < 250],
    ],
  },
  singles: {
    title: 'As many single payments as it takes, 1,000 viewers of all goals',
    servers: 1,
    follows: 'all',
    viewers: 1_000,
    atOnce: 1,
    perSecond: 500,
    seconds: 10,
    aims: ({ evaluator }) => [['evaluator behind by p99 under 250 ms', evaluator.p99 < 250]],
  },
  screens: {
    title: '10,000 viewers of a goal that moves once a second',
    servers: 1,
    follows: 'one',
    viewers: 10_000,
    atOnce: 1,
    perSecond: 1,
    seconds: 30,
    aims: ({ atAll }) => [['commit to frame at all: p99 under 100 ms', (atAll?.p99 ?? Infinity) < 100]],
  },
  two: {
    title: 'Two server processes, each with half of 400 viewers and of 40 payments a second',
    servers: 2,
    follows: 'all',
    viewers: 400,
    atOnce: 1,
    perSecond: 40,
    seconds: 20,
    aims: ({ rows, frames }) => [
      ['each viewer got each row once', frames.least === rows && frames.most === rows],
    ],
  },
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      scenes: { type: 'string', default: Object.keys(PLANS).join() },
      invoices: { type: 'string', default: '20000' },
      viewers: { type: 'string' },
      seconds: { type: 'string' },
    },
  })
  const stage = await openStage(Number(values.invoices))
  try {
    const servers = [await stage.startServer()]
    const goals = await stage.createGoals(servers)
    for (const name of values.scenes.split(',')) {
      const plan = PLANS[name]
      if (plan === undefined) throw new Error(`The scenes are ${Object.keys(PLANS).join(', ')}, not ${name}`)
      while (servers.length < plan.servers) servers.push(await stage.startServer())
      const given = {
        ...plan,
        viewers: Number(values.viewers ?? plan.viewers),
        seconds: Number(values.seconds ?? plan.seconds),
      }
      await playPlan(stage, given, servers, goals)
    }
  } finally {
    await stage.close()
  }
}

async function playPlan(
  stage: Stage,
  plan: Plan,
  servers: readonly ServerProcess[],
  goals: readonly string[],
): Promise<void> {
  const [counting = ''] = goals
  const played = await play(stage, {
    ...plan,
    servers: servers.slice(0, plan.servers),
    goalIds: plan.follows === 'one' ? [counting] : null,
    counting,
  })
  report(plan, played)
  const aims = plan.aims(played)
  for (const [words, isReached] of aims) console.log(`  ${isReached ? 'reached' : 'MISSED'}: ${words}`)
  if (played.faults.length > 0 || aims.some(([, isReached]) => !isReached)) process.exitCode = 1
}

const ms = (value: number | undefined): string => (value === undefined ? '-' : `${value.toFixed(1)} ms`)

const spread = (lags: { readonly p50: number; readonly p99: number } | null): string =>
  `p50 ${ms(lags?.p50)}, p99 ${ms(lags?.p99)}`

function report({ title, viewers, seconds }: Plan, played: Played): void {
  const { paid, answers, atOne, atAll, evaluator, roundTrip, rows, frames, faults } = played
  console.log(`\n${title} (${viewers} viewers, ${seconds} s)`)
  const refused = paid.refused === 0 ? '' : `, ${paid.refused} refused`
  console.log(
    `  payments: ${paid.acknowledged} acknowledged${refused}, ${paid.perSecond.toFixed(0)} a second, answered ${spread(answers)}`,
  )
  console.log(`  commit to frame at one viewer: ${spread(atOne)}, at most ${ms(atOne?.max)}`)
  console.log(`  commit to frame at all the others: ${spread(atAll)}, at most ${ms(atAll?.max)}`)
  console.log(`  commit to commit of the progress: ${spread(evaluator)}`)
  console.log(`  select 1 meanwhile: ${spread(roundTrip)}`)
  console.log(`  rows of progress: ${rows}; frames at each viewer: ${frames.least} to ${frames.most}`)
  console.log(
    `  ${faults.length === 0 ? 'every final value right, nothing twice or out of order' : faults.join('; ')}`,
  )
}
