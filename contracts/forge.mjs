// The forge of this machine: npm's own starter of it forgets the exit code, and a failed test would count as passed.
// `node forge.mjs test …` runs it with the exit code kept.
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const cpu = process.arch === "x64" ? "amd64" : process.arch;
const os = process.platform === "win32" ? "win32" : process.platform;
const name = os === "win32" ? "forge.exe" : "forge";

/** The path of the program. */
export const forge = join(here, "node_modules/@foundry-rs", `forge-${os}-${cpu}`, "bin", name);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { status, error } = spawnSync(forge, process.argv.slice(2), { cwd: here, stdio: "inherit" });
  if (error) console.error(error.message);
  process.exit(status ?? 1);
}
