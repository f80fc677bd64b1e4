import { KeyRound, Mail, RotateCw, Trash2, Webhook } from 'lucide-react'
import type { ChannelList_ChannelFragment, ChannelList_DeliveryFragment } from '../documents.generated.ts'
import { formatAgo, formatSecond, formatSince } from '../format/moment.ts'
import { formatCount } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Menu, MenuItem } from '../ui/menu.tsx'
import { transitionWords } from './alert-words.ts'
import { deliveryStateTones, deliveryStateWords } from './rule-words.ts'

export type ListedChannel = ChannelList_ChannelFragment
export type ListedDelivery = ChannelList_DeliveryFragment

type ChannelItemProps = {
  readonly channel: ListedChannel
  /** How many of the newest hundred that were given up were for it. */
  readonly dead: number
  readonly onRotate: (channel: ListedChannel) => void
  readonly onDelete: (channel: ListedChannel) => void
}

/** A place that alerts are sent to, and whether all of it arrives. */
export const ChannelItem = ({ channel, dead, onRotate, onDelete }: ChannelItemProps) => {
  const { name, kind, emails, url } = channel
  const Icon = kind === 'EMAIL' ? Mail : Webhook
  return (
    <li className="flex items-start gap-3 border-t border-line px-4 py-3.5 sm:px-5">
      <Icon aria-hidden="true" className="mt-0.5 size-4 shrink-0 text-accent" />
      <div className="grid min-w-0 flex-1 gap-0.5">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <span className="font-semibold">{name}</span>
          <span className="text-xs text-muted">{kind === 'EMAIL' ? 'E-mail' : 'Webhook'}</span>
          {dead > 0 && <Badge tone="act">{formatCount(dead)} given up</Badge>}
        </p>
        <p className="text-xs wrap-anywhere text-muted">{kind === 'EMAIL' ? emails?.join(', ') : url}</p>
      </div>
      <Menu label={`More for ${name}`}>
        {kind === 'WEBHOOK' && (
          <MenuItem
            icon={<KeyRound aria-hidden="true" className="size-4 text-muted" />}
            onChoose={() => onRotate(channel)}
          >
            New secret
          </MenuItem>
        )}
        <MenuItem
          isDanger
          icon={<Trash2 aria-hidden="true" className="size-4" />}
          onChoose={() => onDelete(channel)}
        >
          Delete
        </MenuItem>
      </Menu>
    </li>
  )
}

type DeliveryItemProps = {
  readonly delivery: ListedDelivery
  readonly now: number
  readonly timeZone: string
  readonly onRetry: (delivery: ListedDelivery) => void
}

const Standing = ({ delivery, now, timeZone }: Omit<DeliveryItemProps, 'onRetry'>) => {
  const { state, attempts, dueAt, sentAt } = delivery
  const tries = attempts === 1 ? 'tried once' : `tried ${formatCount(attempts)} times`
  if (sentAt !== null) return <time dateTime={sentAt}>sent {formatSince(sentAt, now)}</time>
  if (state === 'DEAD') return <>{tries}</>
  return (
    <>
      {attempts > 0 && `${tries}, `}
      <time dateTime={dueAt} title={formatSecond(dueAt, timeZone)}>
        {Date.parse(dueAt) > now ? `due ${formatAgo(dueAt, now)}` : 'due now'}
      </time>
    </>
  )
}

/** Something that was sent or could not be; what could not can be tried again. */
export const DeliveryItem = ({ delivery, now, timeZone, onRetry }: DeliveryItemProps) => {
  const { state, transition, alert, channel, lastError } = delivery
  return (
    <li className="flex flex-wrap items-start gap-x-3 gap-y-2 border-t border-line px-4 py-3 sm:flex-nowrap sm:px-5">
      <div className="grid min-w-0 flex-1 basis-3/4 gap-0.5 sm:basis-0">
        <p className="flex flex-wrap items-center gap-x-2.5 gap-y-1">
          <Badge tone={deliveryStateTones[state]}>{deliveryStateWords[state]}</Badge>
          <span className="font-medium">{alert.rule.name}</span>
          <span className="text-xs text-muted">
            {transitionWords[transition.kind].toLowerCase()}, to {channel.name}
            {channel.deletedAt !== null && ' (deleted)'}
          </span>
        </p>
        <p className="text-xs text-pretty text-muted">{alert.summary}</p>
        {lastError !== null && <p className="text-xs wrap-anywhere text-act">{lastError}</p>}
        <p className="figures text-xs text-muted">
          <Standing delivery={delivery} now={now} timeZone={timeZone} />
        </p>
      </div>
      {(state === 'DEAD' || state === 'FAILED') && channel.deletedAt === null && (
        <Button className="h-8 px-2.5 text-xs" onClick={() => onRetry(delivery)}>
          <RotateCw aria-hidden="true" className="size-3.5" />
          Try again
          <span className="sr-only">: {alert.summary}</span>
        </Button>
      )}
    </li>
  )
}
