// A Vendure with a few products, in memory, for the show: `PORT=3000 node server.js`, with the packages of package.json.
//
// HUB_URL and HUB_SECRET load the plugin of connectors/vendure/plugin, which tells the hub of changes. Everything is lost
// when the process ends. Prints one JSON line when it is ready.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const Module = require("node:module");

// The packages may lie apart from this file: NODE_PATH says where.
const core = require("@vendure/core");
const { populate } = require("@vendure/core/cli");

const port = Number(process.env.PORT || 3000);
const plugin = process.env.CROSSDOCK_PLUGIN || path.join(__dirname, "../../../connectors/vendure/plugin/crossdock-plugin.ts");

const initialData = {
  defaultLanguage: core.LanguageCode.en,
  defaultZone: "Europe",
  countries: [
    { name: "Germany", code: "DE", zone: "Europe" },
    { name: "Austria", code: "AT", zone: "Europe" },
  ],
  taxRates: [{ name: "Standard", percentage: 19 }],
  shippingMethods: [{ name: "Standard shipping", price: 500 }],
  paymentMethods: [
    method("dummy", true),
    method("invoice", false),
  ],
  collections: [],
};

function method(name, settles) {
  const args = [{ name: "automaticSettle", value: String(settles) }];
  return { name, handler: { code: core.dummyPaymentHandler.code, arguments: args } };
}

/** The plugin, compiled in memory: Node 20 does not read TypeScript by itself. */
function crossdockPlugin(file) {
  const ts = require("typescript");
  const options = {
    module: ts.ModuleKind.CommonJS,
    target: ts.ScriptTarget.ES2022,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
  };
  const compiled = new Module(file, module);
  compiled.paths = module.paths;
  compiled._compile(ts.transpileModule(fs.readFileSync(file, "utf8"), { compilerOptions: options }).outputText, file);
  return compiled.exports.CrossdockPlugin.init({ url: process.env.HUB_URL, secret: process.env.HUB_SECRET });
}

const config = {
  apiOptions: { port, hostname: "127.0.0.1", adminApiPath: "admin-api", shopApiPath: "shop-api" },
  authOptions: {
    tokenMethod: ["bearer", "api-key"],
    superadminCredentials: { identifier: "superadmin", password: process.env.SUPERADMIN_PASSWORD || "superadmin" },
  },
  dbConnectionOptions: { type: "sqljs", synchronize: true, logging: false },
  paymentOptions: { paymentMethodHandlers: [core.dummyPaymentHandler] },
  logger: new core.DefaultLogger({ level: core.LogLevel.Warn }),
  plugins: process.env.HUB_URL ? [crossdockPlugin(plugin)] : [],
};

async function main() {
  const app = await populate(() => core.bootstrap(config), initialData, path.join(__dirname, "products.csv"));
  await app.get(core.JobQueueService).start(); // what a worker process does in a shop
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => app.close().then(() => process.exit(0)));
  }
  process.stdout.write(JSON.stringify({ ready: true, url: `http://127.0.0.1:${port}` }) + "\n");
}

main().catch(error => {
  process.stderr.write(`${error.stack || error}\n`);
  process.exit(1);
});
