/**
 * Tells Crossdock at once when an order is placed or changes. Copy this file into your Vendure project and add to
 * `plugins` of its configuration:
 *
 *     CrossdockPlugin.init({ url: process.env.CROSSDOCK_URL!, secret: process.env.CROSSDOCK_SECRET! })
 *
 * `url` is the webhook address of the account, `secret` its webhook_secret. Every post carries the whole order as it
 * stands then, signed as Standard Webhooks 1.0 (standardwebhooks.com) wants it. Posts go through the job queue: one that
 * is not accepted is tried again. What is lost all the same, Crossdock's polling finds.
 */
import { OnApplicationBootstrap } from '@nestjs/common';
import {
    ChannelService, ConfigService, EventBus, FulfillmentStateTransitionEvent, HistoryService, ID, JobQueue,
    JobQueueService, Logger, Order, OrderEvent, OrderLineEvent, OrderPlacedEvent, OrderService,
    OrderStateTransitionEvent, PaymentStateTransitionEvent, PluginCommonModule, RefundEvent, RefundStateTransitionEvent,
    RequestContext, RequestContextService, ShippingMethodService, TransactionalConnection, VendurePlugin,
} from '@vendure/core';
import { createHmac, randomUUID } from 'node:crypto';

export interface CrossdockOptions {
    url: string;
    secret: string;
}

/** What waits in the queue: the order is read when its turn comes. `mark` is the same for every try. */
type Task = { mark: string; orderId: ID; channelId: ID };

const SETTLE_MS = 300;
const TRIES = 12;
const RELATIONS = [
    'customer', 'lines', 'lines.productVariant', 'shippingLines', 'surcharges', 'payments', 'payments.refunds',
    'payments.refunds.lines', 'fulfillments', 'fulfillments.lines',
];
const ADDRESS = [
    'fullName', 'company', 'streetLine1', 'streetLine2', 'city', 'province', 'postalCode', 'countryCode', 'phoneNumber',
];

@VendurePlugin({ imports: [PluginCommonModule], compatibility: '^3.0.0' })
export class CrossdockPlugin implements OnApplicationBootstrap {
    private static options: CrossdockOptions;
    private queue: JobQueue<Task>;
    private readonly waiting = new Set<string>();

    constructor(
        private readonly eventBus: EventBus,
        private readonly jobQueueService: JobQueueService,
        private readonly requestContextService: RequestContextService,
        private readonly channelService: ChannelService,
        private readonly configService: ConfigService,
        private readonly connection: TransactionalConnection,
        private readonly historyService: HistoryService,
        private readonly orderService: OrderService,
        private readonly shippingMethodService: ShippingMethodService,
    ) {}

    static init(options: CrossdockOptions): typeof CrossdockPlugin {
        this.options = options;
        return CrossdockPlugin;
    }

    async onApplicationBootstrap(): Promise<void> {
        this.queue = await this.jobQueueService.createQueue({
            name: 'crossdock',
            process: async job => this.tell(job.data),
        });
        const ofOrders = [
            OrderPlacedEvent, OrderStateTransitionEvent, OrderEvent, OrderLineEvent, PaymentStateTransitionEvent,
            RefundEvent, RefundStateTransitionEvent,
        ];
        for (const kind of ofOrders) {
            this.eventBus.ofType<{ ctx: RequestContext; order: Order } & any>(kind as any).subscribe(event => {
                this.soon(event.ctx, event.order.id);
            });
        }
        this.eventBus.ofType(FulfillmentStateTransitionEvent).subscribe(async event => {
            try {
                const orders = await this.connection
                    .getRepository(event.ctx, Order)
                    .createQueryBuilder('order')
                    .innerJoin('order.fulfillments', 'fulfillment')
                    .where('fulfillment.id = :id', { id: event.fulfillment.id })
                    .getMany();
                orders.forEach(order => this.soon(event.ctx, order.id));
            } catch (error: any) {
                Logger.warn(`Fulfillment ${event.fulfillment.id} is left to polling: ${error.message}`, 'Crossdock');
            }
        });
    }

    /** One post for all that happens to an order at about the same time. */
    private soon(ctx: RequestContext, orderId: ID): void {
        const key = `${ctx.channelId}/${orderId}`;
        if (this.waiting.has(key)) {
            return;
        }
        this.waiting.add(key);
        setTimeout(() => {
            this.waiting.delete(key);
            this.queue
                .add({ mark: randomUUID(), orderId, channelId: ctx.channelId }, { retries: TRIES })
                .catch(error => Logger.warn(`Order ${orderId} is left to polling: ${error.message}`, 'Crossdock'));
        }, SETTLE_MS).unref();
    }

    private async tell(task: Task): Promise<string> {
        const channel = await this.channelService.findOne(RequestContext.empty(), task.channelId);
        if (!channel) {
            return 'the channel is gone';
        }
        const ctx = await this.requestContextService.create({ apiType: 'admin', channelOrToken: channel });
        const order = await this.orderService.findOne(ctx, task.orderId, RELATIONS as any);
        if (!order || !order.orderPlacedAt) {
            return 'not an order yet';
        }
        const data = {
            channel: {
                code: channel.code,
                pricesIncludeTax: channel.pricesIncludeTax,
                defaultCurrencyCode: channel.defaultCurrencyCode,
            },
            precision: this.configService.entityOptions.moneyStrategy.precision ?? 2,
            order: await this.order(ctx, order),
        };
        const at = new Date();
        return this.post(task.mark, at, JSON.stringify({ type: 'order.changed', timestamp: at.toISOString(), data }));
    }

    /** The order as the Admin API tells it to polls. */
    private async order(ctx: RequestContext, order: Order) {
        const id = (value: ID) => this.configService.entityOptions.entityIdStrategy!.encodeId(value as never);
        const parts = (lines: Array<{ orderLineId: ID; quantity: number }>) =>
            lines.map(line => ({ orderLineId: id(line.orderLineId), quantity: line.quantity }));
        const newest = { take: 1, sort: { createdAt: 'DESC' as any } };
        const [latest, cancelled] = await Promise.all([
            this.historyService.getHistoryForOrder(ctx, order.id, false, {
                ...newest,
                filter: { type: { notEq: 'ORDER_NOTE' } },
            }),
            this.historyService.getHistoryForOrder(ctx, order.id, false, {
                ...newest,
                filter: { type: { eq: 'ORDER_CANCELLATION' } },
            }),
        ]);
        const shippingLines = await Promise.all(
            order.shippingLines.map(async line => {
                const method = line.shippingMethodId
                    ? await this.shippingMethodService.findOne(ctx, line.shippingMethodId, true)
                    : undefined;
                return {
                    price: line.price, priceWithTax: line.priceWithTax,
                    discountedPrice: line.discountedPrice, discountedPriceWithTax: line.discountedPriceWithTax,
                    shippingMethod: { code: method?.code ?? '', name: method?.name ?? '' },
                };
            }),
        );
        const { customer } = order;
        return {
            id: id(order.id),
            code: order.code,
            state: order.state,
            type: order.type,
            orderPlacedAt: order.orderPlacedAt,
            updatedAt: order.updatedAt,
            currencyCode: order.currencyCode,
            total: order.total,
            totalWithTax: order.totalWithTax,
            customer: customer && {
                id: id(customer.id),
                firstName: customer.firstName, lastName: customer.lastName,
                emailAddress: customer.emailAddress, phoneNumber: customer.phoneNumber,
            },
            shippingAddress: address(order.shippingAddress),
            billingAddress: address(order.billingAddress),
            lines: order.lines.map(line => ({
                id: id(line.id),
                quantity: line.quantity,
                orderPlacedQuantity: line.orderPlacedQuantity,
                unitPrice: line.unitPrice, unitPriceWithTax: line.unitPriceWithTax,
                linePrice: line.linePrice, linePriceWithTax: line.linePriceWithTax,
                proratedUnitPrice: line.proratedUnitPrice, proratedUnitPriceWithTax: line.proratedUnitPriceWithTax,
                proratedLinePrice: line.proratedLinePrice, proratedLinePriceWithTax: line.proratedLinePriceWithTax,
                productVariant: {
                    id: id(line.productVariant.id),
                    sku: line.productVariant.sku,
                    name: line.productVariant.name,
                },
            })),
            shippingLines,
            surcharges: order.surcharges.map(extra => ({
                description: extra.description,
                sku: extra.sku,
                price: extra.price,
                priceWithTax: extra.priceWithTax,
            })),
            payments: order.payments.map(payment => ({
                id: id(payment.id),
                updatedAt: payment.updatedAt,
                method: payment.method,
                amount: payment.amount,
                state: payment.state,
                transactionId: payment.transactionId,
                refunds: (payment.refunds ?? []).map(refund => ({
                    id: id(refund.id),
                    createdAt: refund.createdAt,
                    updatedAt: refund.updatedAt,
                    total: refund.total,
                    state: refund.state,
                    reason: refund.reason,
                    lines: parts(refund.lines ?? []),
                })),
            })),
            fulfillments: (order.fulfillments ?? []).map(fulfillment => ({
                id: id(fulfillment.id),
                createdAt: fulfillment.createdAt,
                updatedAt: fulfillment.updatedAt,
                state: fulfillment.state,
                method: fulfillment.method,
                trackingCode: fulfillment.trackingCode,
                lines: parts(fulfillment.lines ?? []),
            })),
            latest: { totalItems: latest.totalItems, items: latest.items.map(({ createdAt }) => ({ createdAt })) },
            cancelled: { items: cancelled.items.map(({ createdAt, data }) => ({ createdAt, data })) },
        };
    }

    private async post(mark: string, at: Date, body: string): Promise<string> {
        const { url, secret } = CrossdockPlugin.options;
        const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret);
        const seconds = Math.floor(at.getTime() / 1000).toString();
        const signature = createHmac('sha256', key).update(`${mark}.${seconds}.${body}`).digest('base64');
        const answer = await fetch(url, {
            method: 'POST',
            headers: {
                'content-type': 'application/json',
                'webhook-id': mark,
                'webhook-timestamp': seconds,
                'webhook-signature': `v1,${signature}`,
            },
            body,
            redirect: 'error',
            signal: AbortSignal.timeout(15_000),
        });
        if (!answer.ok) {
            throw new Error(`Crossdock answered ${answer.status}`);
        }
        return `told, ${answer.status}`;
    }
}

function address(given: Record<string, any> | undefined) {
    return Object.fromEntries(ADDRESS.map(name => [name, given?.[name] ?? null]));
}
