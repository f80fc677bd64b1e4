import type { OrderRows_OrderFragment, OrderStatus } from '../documents.generated.ts'
import { orderStatusWords } from '../format/credit-words.ts'
import { formatDay } from '../format/day.ts'
import { formatMoney } from '../format/quantity.ts'
import { Badge } from '../ui/badge.tsx'
import type { Tone } from '../ui/tone.ts'

const tones: Partial<Record<OrderStatus, Tone>> = { OPEN: 'watch', RELEASED: 'well', PARTLY_SHIPPED: 'well' }

export const OrderHead = () => (
  <thead>
    <tr>
      <th scope="col">Order</th>
      <th scope="col">Status</th>
      <th scope="col" className="text-right! max-sm:hidden">
        To ship
      </th>
      <th scope="col" className="text-right!">
        Amount
      </th>
    </tr>
  </thead>
)

export const OrderRows = ({ orders }: { readonly orders: readonly OrderRows_OrderFragment[] }) =>
  orders.map(({ id, number, orderedOn, status, toShip, amount }) => (
    <tr key={id}>
      <th scope="row">
        <span className="font-medium">{number}</span>
        <span className="block text-xs text-muted">of {formatDay(orderedOn, 'medium')}</span>
      </th>
      <td>
        <Badge tone={tones[status] ?? 'idle'}>{orderStatusWords[status]}</Badge>
      </td>
      <td className="text-right! whitespace-nowrap text-muted max-sm:hidden">
        {Number(toShip.amount) === 0 ? '' : formatMoney(toShip, 'exact')}
      </td>
      <td className="text-right! font-medium whitespace-nowrap">{formatMoney(amount, 'exact')}</td>
    </tr>
  ))
