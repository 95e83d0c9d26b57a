// npm's solc with this project's settings: the same as in foundry.toml, so that what is tested is what is committed.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const solc = createRequire(import.meta.url)("solc");
const settings = {
  optimizer: { enabled: true, runs: 1000 },
  viaIR: true,
  evmVersion: "cancun",
  metadata: { bytecodeHash: "none", appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};

/**
 * Compiles these files. `changed`: texts to use in place of what is on disk, by path. Returns the contracts by file and
 * name, and the errors and warnings.
 */
export function compile(files, changed = {}) {
  const read = (path) => changed[path] ?? readFileSync(join(here, path), "utf8");
  const imported = (path) => {
    const file = path.startsWith("src/") ? path : join("node_modules", path);
    return existsSync(join(here, file)) ? { contents: read(file) } : { error: `not found: ${path}` };
  };
  const sources = Object.fromEntries(files.map((path) => [path, { content: read(path) }]));
  const answer = JSON.parse(
    solc.compile(JSON.stringify({ language: "Solidity", sources, settings }), { import: imported }),
  );
  // 2394 reminds of what transient storage may break; the reentrancy guard clears it, which is the use it calls safe.
  const told = (error) => error.severity !== "info" && error.errorCode !== "2394";
  return { contracts: answer.contracts, errors: (answer.errors ?? []).filter(told) };
}
