/** What an order goes through. */

/** Minor units of the order's currency. */
export type OrderState = {
  readonly amount: bigint
  readonly isReleased: boolean
  readonly shipped: bigint
  /** What bills are made out for. They may come before the goods. */
  readonly invoiced: bigint
  /** What is not shipped will not be. */
  readonly isCancelled: boolean
}

export type OrderStep =
  | { readonly kind: 'RELEASED' | 'CANCELLED' }
  | { readonly kind: 'SHIPPED' | 'INVOICED' | 'UNINVOICED'; readonly amount: bigint }

/** Why a step cannot be taken; null where `amount` has nothing to do with it. */
export type OrderFault = { readonly fault: string; readonly field: 'amount' | 'order' }

export type OrderStatus = 'OPEN' | 'RELEASED' | 'PARTLY_SHIPPED' | 'SHIPPED' | 'INVOICED' | 'CANCELLED'

/** How an order is spoken of; partly shipped and then cancelled counts as shipped: no more will be. */
export function orderStatus(order: OrderState): OrderStatus {
  const { isReleased, shipped, invoiced, isCancelled } = order
  const final = finalAmount(order)
  if (isCancelled && shipped === 0n && invoiced === 0n) return 'CANCELLED'
  if (shipped < final) return shipped > 0n ? 'PARTLY_SHIPPED' : isReleased ? 'RELEASED' : 'OPEN'
  return invoiced >= final ? 'INVOICED' : 'SHIPPED'
}

/** What will have been delivered in the end, as far as anybody knows. */
export const finalAmount = ({ amount, shipped, isCancelled }: OrderState): bigint =>
  isCancelled ? shipped : amount

/** Something is still to be delivered or billed. */
export const isOpenOrder = (order: OrderState): boolean => {
  const final = finalAmount(order)
  return order.shipped < final || order.invoiced < final
}

/** What of it counts for the exposure beside its bills, which count by themselves. */
export function uninvoicedOf(order: OrderState): { readonly shipped: bigint; readonly toShip: bigint } {
  const { shipped, invoiced } = order
  const delivered = shipped > invoiced ? shipped : invoiced
  const left = finalAmount(order) - delivered
  return { shipped: delivered - invoiced, toShip: left > 0n ? left : 0n }
}

/** The order after the step, or what is in its way. */
export function takeStep(order: OrderState, step: OrderStep): OrderState | OrderFault {
  switch (step.kind) {
    case 'RELEASED':
      if (order.isCancelled) return refused('It is cancelled')
      return order.isReleased ? refused('It is released already') : { ...order, isReleased: true }
    case 'SHIPPED':
      return ship(order, step.amount)
    case 'INVOICED':
      return invoice(order, step.amount)
    case 'UNINVOICED':
      return step.amount > order.invoiced
        ? wrongAmount('Less of it is invoiced')
        : { ...order, invoiced: order.invoiced - step.amount }
    case 'CANCELLED':
      if (order.isCancelled) return refused('It is cancelled already')
      if (order.shipped === order.amount) return refused('All of it is shipped')
      return order.invoiced > order.shipped
        ? refused('More of it is invoiced than shipped: void that bill first, or issue a credit note')
        : { ...order, isCancelled: true }
  }
}

function ship(order: OrderState, amount: bigint): OrderState | OrderFault {
  if (order.isCancelled) return refused('It is cancelled')
  if (!order.isReleased) return refused('It is not released: release it first')
  if (amount <= 0n) return wrongAmount('A shipment is worth more than 0')
  return order.shipped + amount > order.amount
    ? wrongAmount('More would be shipped than was ordered')
    : { ...order, shipped: order.shipped + amount }
}

function invoice(order: OrderState, amount: bigint): OrderState | OrderFault {
  if (amount <= 0n) return wrongAmount('A bill for it is for more than 0')
  if (order.invoiced + amount <= finalAmount(order)) return { ...order, invoiced: order.invoiced + amount }
  return wrongAmount(
    order.isCancelled
      ? 'It is cancelled, and no more than what was shipped can be invoiced'
      : 'More would be invoiced than was ordered',
  )
}

const refused = (fault: string): OrderFault => ({ fault, field: 'order' })
const wrongAmount = (fault: string): OrderFault => ({ fault, field: 'amount' })

export const isFault = (result: OrderState | OrderFault): result is OrderFault => 'fault' in result
