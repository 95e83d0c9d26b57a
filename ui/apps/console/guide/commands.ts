// What can be copied out of the guide: the same in every language. `{origin}` is this coordinator.

export const COMMANDS = {
  build_cli: 'cargo build --release -p ttalkak-cli\n./target/release/ttalkak --version',
  login: 'ttalkak login --coordinator {origin}',
  plan: 'ttalkak plan .',
  deploy: 'ttalkak deploy . --name shop',
  deploy_git: 'ttalkak deploy https://github.com/you/shop --name shop --branch main',
  look: 'ttalkak status shop\nttalkak logs -f shop\nttalkak logs --build shop',
  releases: 'ttalkak releases shop\nttalkak rollback shop 3',
  front_folder: 'ttalkak deploy . --name shop --root-dir web',
  front_env: 'ttalkak deploy . --name shop --env VITE_API_URL=https://api.example.com',
  front_fetch: 'const answer = await fetch(`${import.meta.env.VITE_API_URL}/items`);',
  back_listen:
    "import express from 'express';\n\nconst app = express();\napp.get('/', (request, response) => response.json({ hello: 'world' }));\napp.listen(process.env.PORT ?? 3000, '0.0.0.0');",
  back_deploy: 'ttalkak deploy . --name shop-api --health-path /healthz --memory 1GiB --cpu 0.5',
  back_env: 'ttalkak env shop-api set LOG_LEVEL=info --scope run\nttalkak restart shop-api',
  back_secret: 'ttalkak env shop-api import --secret --scope run .env.production\nttalkak restart shop-api',
  back_tcp: 'ttalkak deploy . --name broker --tcp --port 1883',
  database_file: 'DATABASE_URL=postgres://shop_app:PASSWORD@db.example.com:5432/shop?sslmode=verify-full',
  database_set: 'ttalkak env shop-api import --secret --scope run db.env\nttalkak restart shop-api',
  database_use:
    "import pg from 'pg';\n\nconst pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 5 });",
  agent_build: 'cargo build --release -p ttalkak-agent\n./target/release/ttalkak-agent doctor',
  agent_code: 'ttalkak providers enrol',
  agent_enrol: 'ttalkak-agent enrol CODE --coordinator {origin}',
  agent_approve: 'ttalkak-agent enrol --coordinator {origin}\nttalkak providers approve ACDE-3467',
  agent_run: 'ttalkak-agent run --memory 4GiB --cpu 2',
  agent_leave: 'ttalkak providers leave attic --in 20',
  agent_rates: 'rate_cpu_hour = "0.01"\nrate_memory_gib_hour = "0.005"\nrate_egress_gib = "0.02"',
  wallet: 'ttalkak wallet create\nttalkak wallet link\nttalkak wallet deposit 20',
  budget: 'ttalkak billing plan 20\nttalkak billing',
  prices: 'ttalkak billing prices --memory 1GiB --cpu 0.5 --for 30d',
  verify: 'ttalkak verify-invoice AGREEMENT',
  leave_money: 'ttalkak billing revoke\nttalkak wallet withdraw all',
  exit: 'ttalkak wallet exit',
  earnings: 'ttalkak earnings\nttalkak earnings threshold 5\nttalkak earnings settle',
} as const;

export type CommandName = keyof typeof COMMANDS;

/** A command for this coordinator. */
export const commandText = (name: CommandName, origin: string): string => COMMANDS[name].replaceAll('{origin}', origin);
