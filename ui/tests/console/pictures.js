// Runs pictures.ts, which Node cannot read by itself.
import { runnerImport } from 'vite';

const { module } = await runnerImport(new URL('./pictures.ts', import.meta.url).pathname, {
  configFile: false,
  logLevel: 'error',
});
await module.main(process.argv.slice(2));
