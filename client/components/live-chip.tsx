import { CircleDotDashed, Pause, Radio, RefreshCw, WifiOff } from 'lucide-react'
import type { LucideIcon } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { formatTime } from '../format/moment.ts'
import type { Connection } from '../live/connection.ts'
import type { LiveSocket } from '../live/socket.ts'

const looks = {
  LIVE: { Icon: Radio, colour: 'text-accent' },
  CONNECTING: { Icon: CircleDotDashed, colour: 'text-muted' },
  RECONNECTING: { Icon: RefreshCw, colour: 'text-watch' },
  STALE: { Icon: WifiOff, colour: 'text-act' },
  PAUSED: { Icon: Pause, colour: 'text-muted' },
} as const satisfies Record<Connection['kind'], { Icon: LucideIcon; colour: string }>

const wordOf = (connection: Connection): string => {
  switch (connection.kind) {
    case 'LIVE':
      return 'Live'
    case 'CONNECTING':
      return 'Connecting'
    case 'RECONNECTING':
      return 'Reconnecting'
    case 'STALE':
      return `Stale since ${formatTime(connection.since)}`
    case 'PAUSED':
      return 'Paused'
  }
}

type LiveChipProps = { readonly socket: LiveSocket }

/** Whether the figures are those of this moment; pressing it holds them still, for reading or for a picture. */
export const LiveChip = ({ socket }: LiveChipProps) => {
  const connection = useSyncExternalStore(socket.subscribeToConnection, socket.readConnection)
  const { Icon, colour } = looks[connection.kind]
  const word = wordOf(connection)
  const isPaused = connection.kind === 'PAUSED'
  const action = isPaused ? 'Go on with live figures' : 'Hold the figures still'
  return (
    <>
      <button
        type="button"
        onClick={() => socket.setPaused(!isPaused)}
        aria-label={`${word}. ${action}`}
        title={action}
        className={`figures inline-flex h-8 items-center gap-1.5 rounded-md border border-line bg-surface px-2.5 text-xs font-semibold whitespace-nowrap transition-colors hover:border-line-strong ${colour}`}
      >
        <Icon aria-hidden="true" className="size-3.5" strokeWidth={2.25} />
        {word}
      </button>
      <output className="sr-only">{word}</output>
    </>
  )
}
