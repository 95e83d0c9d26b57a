// Compiles the contracts and writes what the Rust side reads: artifacts/<name>.json with the ABI and the creation
// bytecode. `--check` writes nothing and fails when a rebuild differs. Forge is not needed for it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compile } from "./compile.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const names = ["TtalkakEscrow", "DevToken"];
const check = process.argv.includes("--check");

const { contracts, errors } = compile(names.map((name) => `src/${name}.sol`));
for (const error of errors) console.error(error.formattedMessage);
if (errors.length > 0) process.exit(1);

mkdirSync(join(here, "artifacts"), { recursive: true });
for (const name of names) {
  const { abi, evm } = contracts[`src/${name}.sol`][name];
  const text = `${JSON.stringify({ abi, bytecode: `0x${evm.bytecode.object}` }, null, 1)}\n`;
  const file = join(here, "artifacts", `${name}.json`);
  if (!check) {
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, "utf8") !== text) {
    console.error(`artifacts/${name}.json is not what src/${name}.sol compiles to; run: node build.mjs`);
    process.exit(1);
  }
  console.log(`${name}: ${evm.deployedBytecode.object.length / 2} bytes of code${check ? ", as committed" : ""}`);
}
