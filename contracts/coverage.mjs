// How much of the contract the tests run through, from forge's report; fails under 95 % of the branches.
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { forge } from "./forge.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const least = 95;
// Without the optimizer's stages the contract does not compile at all, hence --ir-minimum.
const args = ["coverage", "--ir-minimum", "--no-match-contract", "GasTest|InvariantsTest", "--report", "summary"];
const { stdout, stderr, status } = spawnSync(forge, args, { cwd: here, encoding: "utf8", maxBuffer: 1 << 28 });
const rows = stdout.split("\n").filter((line) => line.includes("src/") || line.includes("% "));
const ours = rows.filter((line) => line.includes("src/"));
console.log(ours.join("\n"));
if (status !== 0 || ours.length === 0) {
  console.error(stdout, stderr);
  process.exit(1);
}
let hit = 0;
let all = 0;
for (const line of ours) {
  // The columns are lines, statements, branches, functions, each as "96.00% (48/50)".
  const [, , branches] = [...line.matchAll(/\((\d+)\/(\d+)\)/g)];
  hit += Number(branches[1]);
  all += Number(branches[2]);
}
const share = (100 * hit) / all;
console.log(`branches: ${hit} of ${all}, ${share.toFixed(1)} %`);
process.exit(share >= least ? 0 : 1);
