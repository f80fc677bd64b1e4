import { useEffect, useEffectEvent, useState } from 'react'
import { agentWords } from '../format/agent.ts'
import { formatMoment, formatSince } from '../format/moment.ts'
import { listSessions, type OwnSession, revokeOtherSessions, revokeSession } from '../identity/account.ts'
import { isRefusal } from '../identity/requests.ts'
import { useSession } from '../identity/use-session.tsx'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { useSending } from '../ui/form.tsx'
import { makeProblem } from '../ui/form-problem.ts'
import { Notice } from '../ui/notice.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toasts.tsx'
import { useNow } from '../ui/use-now.ts'
import { Panel } from './page-body.tsx'

type RowProps = {
  readonly session: OwnSession
  readonly now: number
  readonly isBusy: boolean
  readonly onEnd: () => void
}

const SessionRow = ({ session, now, isBusy, onEnd }: RowProps) => {
  const { agent, address, current, createdAt, renewedAt } = session
  return (
    <li className="flex items-center justify-between gap-4 border-t border-line px-4 py-2.5 sm:px-5">
      <div className="min-w-0">
        <p className="flex min-w-0 items-baseline gap-2">
          <span className="truncate font-medium" title={agent ?? undefined}>
            {agentWords(agent)}
          </span>
          {current && <Badge tone="well">This one</Badge>}
        </p>
        <p className="figures text-xs text-pretty text-muted">
          {address !== null && `${address} · `}
          <span title={formatMoment(createdAt)}>since {formatSince(createdAt, now)}</span>
          {renewedAt !== createdAt && ` · used ${formatSince(renewedAt, now)}`}
        </p>
      </div>
      {!current && (
        <Button look="quiet" disabled={isBusy} onClick={onEnd} className="h-8 px-2.5">
          End
          <span className="sr-only">the session of {agentWords(agent)}</span>
        </Button>
      )}
    </li>
  )
}

/** Where the person is signed in, and how to end that. */
export const OwnSessionsPanel = () => {
  const { refresh } = useSession()
  const tell = useToast()
  const now = useNow()
  const sending = useSending()
  const [sessions, setSessions] = useState<readonly OwnSession[] | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  const take = useEffectEvent((answer: Awaited<ReturnType<typeof listSessions>>) => {
    if (!isRefusal(answer)) setSessions(answer.sessions)
    else if (answer.code === 'SIGNED_OUT') void refresh()
    setFailure(isRefusal(answer) ? answer.message : null)
  })
  // Each round reads them anew: what was shown stays until then.
  const [round, setRound] = useState(0)
  useEffect(() => {
    if (round < 0) return
    void listSessions().then(take)
  }, [round])

  const end = async ({ id, agent }: OwnSession) => {
    const answer = await revokeSession(id)
    // One that is over already is over.
    if (isRefusal(answer) && answer.code !== 'NOT_FOUND') return makeProblem(answer.message)
    setRound(round + 1)
    tell(`The session of ${agentWords(agent)} is over.`)
    return null
  }
  const endOthers = async () => {
    const answer = await revokeOtherSessions()
    if (isRefusal(answer)) return makeProblem(answer.message)
    setRound(round + 1)
    tell(answer.revoked === 1 ? 'One session is over.' : `${answer.revoked} sessions are over.`)
    return null
  }
  const hasOthers = sessions?.some(({ current }) => !current) === true
  const problem = sending.problem?.message ?? failure
  return (
    <Panel
      title="Sessions"
      actions={
        hasOthers && (
          <Button disabled={sending.isBusy} onClick={() => sending.send(endOthers)} className="h-8">
            End all others
          </Button>
        )
      }
    >
      {problem !== null && (
        <Notice tone="act" role="alert" className="mx-4 mb-3 sm:mx-5">
          {problem}
        </Notice>
      )}
      {sessions === null ? (
        <div className="border-t border-line px-4 py-4 sm:px-5">
          <Skeleton className="h-3.5 w-56" />
        </div>
      ) : (
        <ul>
          {sessions.map((session) => (
            <SessionRow
              key={session.id}
              session={session}
              now={now}
              isBusy={sending.isBusy}
              onEnd={() => sending.send(() => end(session))}
            />
          ))}
        </ul>
      )}
    </Panel>
  )
}
