/**
 * `pnpm bench fanout [--sockets 5000] [--events 20] [--held 10000]`: how long until one event is with all sockets,
 * beside ws alone sending the same bytes and graphql-ws' own server over the same schema, and what sockets weigh. Servers
 * and viewers are processes of their own; only figures of one run may be compared. Most of its minutes pass while sockets
 * are being opened.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { DashboardGoalProgressDocument } from '@tidemark/client/documents.generated.ts'
import { textOf } from '../support/graphql.ts'
import type { FromClients, ToClients } from './fanout-clients.ts'
import type { FromServer, ServerKind, ToServer } from './fanout-server.ts'

const HEARD_MS_MAX = 20_000
const OPENED_MS_MAX = 600_000

/** `sameId`: as the dashboard names its subscriptions; other clients give each a name of its own. */
type Case = { readonly name: string; readonly kind: ServerKind; readonly sameId: boolean }

const CASES: readonly Case[] = [
  { name: 'bare ws', kind: 'bare', sameId: true },
  { name: 'tidemark, one id', kind: 'ours', sameId: true },
  { name: 'tidemark, own ids', kind: 'ours', sameId: false },
  { name: 'stock graphql-ws', kind: 'stock', sameId: false },
]

const start = (file: string, args: readonly string[] = []): ChildProcess =>
  fork(join(import.meta.dirname, file), args, { execArgv: ['--expose-gc'] })

/** Null where there is none in time. */
const answerOf = async <Answer>(
  child: ChildProcess,
  withinMs: number = OPENED_MS_MAX,
): Promise<Answer | null> => {
  const gone = new AbortController()
  const left = once(child, 'exit', { signal: gone.signal }).then(() => {
    throw new Error('A process of the bench has ended')
  })
  left.catch(() => {})
  try {
    const message = once(child, 'message', { signal: gone.signal })
    message.catch(() => {})
    const late = sleep(withinMs, [null], { ref: false, signal: gone.signal })
    late.catch(() => {})
    const [answer] = (await Promise.race([message, left, late])) as [Answer | null]
    return answer
  } finally {
    gone.abort()
  }
}

const weigh = async (server: ChildProcess): Promise<number> => {
  server.send('weigh' satisfies ToServer)
  const answer = await answerOf<FromServer>(server)
  return answer !== null && 'rss' in answer ? answer.rss : 0
}

type Stage = { readonly server: ChildProcess; readonly clients: ChildProcess }

const open = async ({ kind, sameId }: Case, sockets: number): Promise<Stage & { readonly bytes: number }> => {
  const server = start('fanout-server.ts', [kind])
  const clients = start('fanout-clients.ts')
  const answer = await answerOf<FromServer>(server)
  if (answer === null || !('port' in answer)) throw new Error('The server named no port')
  await sleep(500)
  const before = await weigh(server)
  const query = textOf(DashboardGoalProgressDocument)
  clients.send({ open: sockets, port: answer.port, query, sameId } satisfies ToClients)
  if ((await answerOf<FromClients>(clients)) === null)
    throw new Error(`Not all ${sockets} sockets were opened`)
  await sleep(1_000)
  const after = await weigh(server)
  console.error(`${sockets} sockets of ${kind}${sameId ? '' : ', own ids'} are open`)
  return { server, clients, bytes: (after - before) / sockets }
}

const end = ({ server, clients }: Stage): void => {
  server.kill()
  clients.kill()
}

/** Of one event, in milliseconds; null where not all heard of it. */
const tellOnce = async ({ server, clients }: Stage, sockets: number): Promise<readonly number[] | null> => {
  clients.send({ expect: sockets } satisfies ToClients)
  await sleep(100)
  server.send('tell' satisfies ToServer)
  const answer = await answerOf<FromClients>(clients, HEARD_MS_MAX)
  if (answer === null || !('latencies' in answer)) return null
  return answer.latencies.map((microseconds) => microseconds / 1_000)
}

const quantile = (values: readonly number[], share: number): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? 0
}

type Told = { readonly p50: number[]; readonly p99: number[] }

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sockets: { type: 'string', default: '5000' },
      events: { type: 'string', default: '20' },
      held: { type: 'string', default: '10000' },
    },
  })
  const sockets = Number(values.sockets)
  const told = new Map<Case, Told>(CASES.map((one) => [one, { p50: [], p99: [] }]))
  // One after the other is told of each event, so that what else the machine does meets all of them alike.
  const stages: (readonly [Case, Stage])[] = []
  try {
    for (const one of CASES) stages.push([one, await open(one, sockets)])
    // The first are not told to all yet, and not compiled.
    for (let event = -5; event < Number(values.events); event++) {
      for (const [one, stage] of stages) {
        const latencies = await tellOnce(stage, sockets)
        if (event < 0) continue
        if (latencies === null) throw new Error(`Not all viewers of ${one.name} heard of an event`)
        told.get(one)?.p50.push(quantile(latencies, 0.5))
        told.get(one)?.p99.push(quantile(latencies, 0.99))
      }
    }
  } finally {
    for (const [, stage] of stages) end(stage)
  }
  const [bare] = CASES
  const bareP99 = quantile((bare && told.get(bare)?.p99) ?? [], 0.5)
  console.log(
    `One event to ${sockets} sockets; of ${values.events} events told to each in turn, the middle one`,
  )
  for (const [{ name }, { p50, p99 }] of told) {
    const middle = quantile(p99, 0.5)
    console.log(
      `  ${name.padEnd(20)} p50 ${quantile(p50, 0.5).toFixed(1).padStart(7)} ms  p99 ${middle.toFixed(1).padStart(7)} ms  ${(middle / bareP99).toFixed(2)} x bare`,
    )
  }
  const held = Number(values.held)
  if (held === 0) return
  console.log(`${held} sockets that follow, in memory of the server`)
  for (const one of CASES) {
    const stage = await open(one, held)
    end(stage)
    console.log(`  ${one.name.padEnd(20)} ${(stage.bytes / 1024).toFixed(1).padStart(6)} kB each`)
  }
}
