// Runs shots.ts, which Node cannot read by itself.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('./shots.ts', import.meta.url).pathname, {
  configFile: false,
  logLevel: 'error',
});
await module.main(process.argv.slice(2));
