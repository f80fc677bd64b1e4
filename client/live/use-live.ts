import { useEffect, useEffectEvent, useState } from 'react'
import { type Live, startLive } from '../live.ts'
import { retryDelayMs } from './connection.ts'

/**
 * The way to an organization, opened while it is shown; null until it is. Where the server closes it, `recheck` finds
 * out who is signed in. If that changes nothing, as after a change of role, the way is opened anew with an empty cache.
 */
export const useLive = (organization: string, recheck: () => Promise<void>): Live | null => {
  const [live, setLive] = useState<Live | null>(null)
  const [attempt, setAttempt] = useState(0)
  const checkSession = useEffectEvent(recheck)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isOver = false
    const reopen = async () => {
      await checkSession()
      if (!isOver) timer = setTimeout(() => setAttempt(attempt + 1), retryDelayMs(attempt, Math.random()))
    }
    const opened = startLive(organization, {
      onSignedOut: () => void reopen(),
      onRefused: () => void checkSession(),
    })
    // oxlint-disable-next-line react/set-state-in-effect -- opening is an effect, and what is opened is shown
    setLive(opened)
    return () => {
      isOver = true
      clearTimeout(timer)
      opened.end()
    }
  }, [organization, attempt])
  return live
}
