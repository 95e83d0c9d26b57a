// Compiles the contracts with npm's solc and writes what the Rust side reads: artifacts/<name>.json with the ABI and
// the creation bytecode. `--check` writes nothing and fails when a rebuild differs. Forge is not needed for it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const solc = createRequire(import.meta.url)("solc");
const here = dirname(fileURLToPath(import.meta.url));
const names = ["TtalkakEscrow", "DevToken"];

// The same settings as in foundry.toml: what is tested there is what stands here.
const settings = {
  optimizer: { enabled: true, runs: 1000 },
  viaIR: true,
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

const sources = Object.fromEntries(
  names.map((name) => [`src/${name}.sol`, { content: readFileSync(join(here, "src", `${name}.sol`), "utf8") }]),
);
const imported = (path) => {
  const file = join(here, path.startsWith("src/") ? "." : "node_modules", path);
  return existsSync(file) ? { contents: readFileSync(file, "utf8") } : { error: `not found: ${path}` };
};
const answer = JSON.parse(
  solc.compile(JSON.stringify({ language: "Solidity", sources, settings }), { import: imported }),
);
// 2394 reminds of what transient storage may break; the reentrancy guard clears it, which is the use it calls safe.
const faults = (answer.errors ?? []).filter((error) => error.severity !== "info" && error.errorCode !== "2394");
for (const fault of faults) console.error(fault.formattedMessage);
if (faults.length > 0) process.exit(1);

const check = process.argv.includes("--check");
mkdirSync(join(here, "artifacts"), { recursive: true });
for (const name of names) {
  const { abi, evm } = answer.contracts[`src/${name}.sol`][name];
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
