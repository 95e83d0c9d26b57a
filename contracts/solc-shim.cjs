#!/usr/bin/env node
// Lets forge use npm's WebAssembly solc: it answers to the two ways in which forge calls a native compiler.
const fs = require("node:fs");
const solc = require("solc");

const args = process.argv.slice(2);
if (args.includes("--version")) {
  // forge expects the version line of a native build.
  console.log(`solc, the solidity compiler commandline interface\nVersion: ${solc.version().replace(".Emscripten.clang", ".Linux.g++")}`);
} else if (args.includes("--standard-json")) {
  process.stdout.write(solc.compile(fs.readFileSync(0, "utf8")));
} else {
  console.error(`not understood: ${args.join(" ")}`);
  process.exitCode = 1;
}
