/** A shop that sells a linen shirt from Berlin to Germany, and the keys to its two APIs. Prints one line of JSON. */
import { ContainerRegistrationKeys, Modules, ProductStatus } from "@medusajs/framework/utils"
import {
  createApiKeysWorkflow,
  createInventoryLevelsWorkflow,
  createProductsWorkflow,
  createRegionsWorkflow,
  createSalesChannelsWorkflow,
  createShippingOptionsWorkflow,
  createShippingProfilesWorkflow,
  createStockLocationsWorkflow,
  createTaxRegionsWorkflow,
  linkSalesChannelsToApiKeyWorkflow,
  linkSalesChannelsToStockLocationWorkflow,
  updateStoresWorkflow,
} from "@medusajs/medusa/core-flows"

export default async function seed({ container }: any) {
  const link = container.resolve(ContainerRegistrationKeys.LINK)
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const fulfillment = container.resolve(Modules.FULFILLMENT)
  const run = async (flow: any, input: any) => (await flow(container).run({ input })).result

  const [channel] = await run(createSalesChannelsWorkflow, { salesChannelsData: [{ name: "Web" }] })
  const { data: stores } = await query.graph({ entity: "store", fields: ["id"] })
  await run(updateStoresWorkflow, {
    selector: { id: stores[0].id },
    update: {
      name: "Nordlicht Linen",
      supported_currencies: [{ currency_code: "eur", is_default: true }, { currency_code: "usd" }],
      default_sales_channel_id: channel.id,
    },
  })
  const [region] = await run(createRegionsWorkflow, {
    regions: [{ name: "Germany", currency_code: "eur", countries: ["de"], payment_providers: ["pp_system_default"] }],
  })
  await run(createTaxRegionsWorkflow, [
    { country_code: "de", provider_id: "tp_system", default_tax_rate: { name: "MwSt", code: "de19", rate: 19 } },
  ])
  const [place] = await run(createStockLocationsWorkflow, {
    locations: [{ name: "Berlin", address: { city: "Berlin", country_code: "de", address_1: "Lagerstr. 1" } }],
  })
  const here = { [Modules.STOCK_LOCATION]: { stock_location_id: place.id } }
  await link.create({ ...here, [Modules.FULFILLMENT]: { fulfillment_provider_id: "manual_manual" } })
  const [profile] = await run(createShippingProfilesWorkflow, { data: [{ name: "Parcels", type: "parcels" }] })
  const set = await fulfillment.createFulfillmentSets({
    name: "Berlin",
    type: "shipping",
    service_zones: [{ name: "Germany", geo_zones: [{ country_code: "de", type: "country" }] }],
  })
  await link.create({ ...here, [Modules.FULFILLMENT]: { fulfillment_set_id: set.id } })
  await run(createShippingOptionsWorkflow, [
    {
      name: "Standard",
      price_type: "flat",
      provider_id: "manual_manual",
      service_zone_id: set.service_zones[0].id,
      shipping_profile_id: profile.id,
      type: { label: "Standard", description: "2 to 3 days", code: "standard" },
      prices: [{ currency_code: "eur", amount: 4.9 }],
      rules: [
        { attribute: "enabled_in_store", value: "true", operator: "eq" },
        { attribute: "is_return", value: "false", operator: "eq" },
      ],
    },
  ])
  await run(linkSalesChannelsToStockLocationWorkflow, { id: place.id, add: [channel.id] })
  const [web, secret] = await run(createApiKeysWorkflow, {
    api_keys: [
      { title: "Web", type: "publishable", created_by: "" },
      { title: "Crossdock", type: "secret", created_by: "" },
    ],
  })
  await run(linkSalesChannelsToApiKeyWorkflow, { id: web.id, add: [channel.id] })
  const products = await run(createProductsWorkflow, {
    products: [
      {
        title: "Linen shirt",
        status: ProductStatus.PUBLISHED,
        shipping_profile_id: profile.id,
        options: [{ title: "Size", values: ["M", "L"] }],
        sales_channels: [{ id: channel.id }],
        variants: ["M", "L"].map((size) => ({
          title: size,
          sku: `SHIRT-${size}`,
          options: { Size: size },
          weight: 250,
          prices: [{ amount: 19.99, currency_code: "eur" }],
        })),
      },
    ],
  })
  const { data: items } = await query.graph({ entity: "inventory_item", fields: ["id"] })
  await run(createInventoryLevelsWorkflow, {
    inventory_levels: items.map((item: any) => ({
      location_id: place.id,
      stocked_quantity: 1000,
      inventory_item_id: item.id,
    })),
  })
  const variants = Object.fromEntries(products[0].variants.map((variant: any) => [variant.sku, variant.id]))
  const made = { publishable: web.token, key: secret.token, region: region.id, variants }
  console.log(`SEEDED ${JSON.stringify(made)}`)
}
