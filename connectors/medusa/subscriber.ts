/**
 * Tells Crossdock of an order the moment something happens to it. Orders come without this file too, by polling.
 *
 * Copy it to src/subscribers/crossdock.ts of your Medusa 2 server, and set in the server's environment
 *
 *   CROSSDOCK_URL     the webhook address of the account, as `channel add` printed it
 *   CROSSDOCK_SECRET  the account's webhook_secret: any long random text, the same on both sides
 *
 * The order is read here and posted whole, as the admin API shows it; the hub checks the signature before it looks.
 */
import { createHmac } from "node:crypto"
import type { SubscriberArgs, SubscriberConfig } from "@medusajs/framework"
import { ContainerRegistrationKeys } from "@medusajs/framework/utils"
import { getOrderDetailWorkflow } from "@medusajs/medusa/core-flows"

const FIELDS = [
  "id",
  "display_id",
  "status",
  "payment_status",
  "fulfillment_status",
  "created_at",
  "updated_at",
  "canceled_at",
  "email",
  "currency_code",
  "total",
  "tax_total",
  "items.*",
  "items.tax_lines.*",
  "items.adjustments.*",
  "items.detail.*",
  "items.variant.weight",
  "items.variant.inventory_items.inventory_item_id",
  "items.variant.inventory_items.required_quantity",
  "shipping_methods.*",
  "shipping_methods.tax_lines.*",
  "shipping_methods.adjustments.*",
  "credit_lines.*",
  "shipping_address.*",
  "billing_address.*",
  "customer.*",
  "payment_collections.*",
  "payment_collections.payments.*",
  "payment_collections.payments.captures.*",
  "payment_collections.payments.refunds.*",
  "payment_collections.payments.refunds.refund_reason.*",
  "fulfillments.*",
  "fulfillments.items.*",
  "fulfillments.labels.*",
  "returns.*",
  "returns.items.*",
  "returns.items.reason.value",
]

type Data = { id?: string; order_id?: string }

export default async function crossdock({ event, container }: SubscriberArgs<Data>) {
  const { CROSSDOCK_URL: url, CROSSDOCK_SECRET: secret } = process.env
  if (!url || !secret) {
    return
  }
  const order_id = await orderOf(event.name, event.data, container)
  if (!order_id) {
    return
  }
  const { result: order } = await getOrderDetailWorkflow(container).run({ input: { order_id, fields: FIELDS } })
  const body = JSON.stringify({ order })
  const signature = createHmac("sha256", secret).update(`${event.name}\n${body}`).digest("base64")
  const answer = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "X-Crossdock-Event": event.name,
      "X-Crossdock-Signature": signature,
    },
    body,
    signal: AbortSignal.timeout(15_000),
  })
  if (!answer.ok) {
    throw new Error(`Crossdock answered ${answer.status} to ${event.name} of ${order_id}; it will poll the order`)
  }
}

/** Events name an order, a payment or a fulfillment. */
async function orderOf(name: string, data: Data, container: SubscriberArgs["container"]) {
  if (data.order_id || name.startsWith("order.")) {
    return data.order_id ?? data.id
  }
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const only = async (entity: string, field: string, filters: Record<string, unknown>) =>
    ((await query.graph({ entity, fields: [field], filters })).data[0] as Record<string, string> | undefined)?.[field]
  if (name.startsWith("payment.")) {
    const payment_collection_id = await only("payment", "payment_collection_id", { id: data.id })
    return only("order_payment_collection", "order_id", { payment_collection_id })
  }
  return only("order_fulfillment", "order_id", { fulfillment_id: data.id })
}

export const config: SubscriberConfig = {
  event: [
    "order.placed",
    "order.updated",
    "order.canceled",
    "order.completed",
    "order.fulfillment_created",
    "order.fulfillment_canceled",
    "order.return_requested",
    "order.return_received",
    "order-edit.confirmed",
    "payment.captured",
    "payment.refunded",
    "shipment.created",
    "delivery.created",
  ],
}
