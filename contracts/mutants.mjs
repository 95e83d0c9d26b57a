// Small faults put into the contract one at a time: the tests must notice every one. What survives is a promise that no
// test holds. `node mutants.mjs` tries all, `--from N` those from the Nth on (after a break), `--sample N --seed S` some,
// chosen by the seed.
//
// The tests are compiled once. Each mutant is compiled alone and handed to them as a file (see `makeEscrow` of
// test/Base.sol), which costs seconds instead of a minute.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { compile } from "./compile.mjs";
import { forge } from "./forge.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const escrow = "src/TtalkakEscrow.sol";
const purse = "src/Purse.sol";
const signed = "src/Signed.sol";

/** [file, what stands there, what is put instead]; the first must occur exactly once, or `at` says which one. */
const mutants = [
  // The bound.
  [escrow, "cumulative > cap || end < start", "end < start"],
  [escrow, "|| end < start ||", "||"],
  [escrow, "cumulative * 1 hours > rate", "cumulative * 1 hours >= rate"],
  [escrow, "cumulative * 1 hours > rate", "cumulative * 1 minutes > rate"],
  [escrow, "if (endedAt != 0 && endedAt < end) end = endedAt;", ""],
  [escrow, "block.timestamp < expiry ? block.timestamp : expiry", "block.timestamp"],
  [escrow, "if (cumulative > claimed) {", "if (cumulative < claimed) revert OverBound(id); else {"],
  [escrow, "gross = cumulative - claimed;", "gross = cumulative;"],
  [escrow, "agreement.claimed = uint96(cumulative);", ""],
  [escrow, "if (agreement.closed) return 0;", ""],
  [escrow, "if (ending && endedAt == 0 && cap != 0) {", "if (ending && cap != 0) {"],
  [escrow, "if (ending && endedAt == 0 && cap != 0) {", "if (ending && endedAt == 0) {"],
  [escrow, "b >> 255 != 0", "false"],
  // Batches.
  [escrow, "if (batch != lastBatch + 1) revert BadBatch(lastBatch + 1);", ""],
  [escrow, "lastBatch = batch;", ""],
  [escrow, "external nonReentrant onlyMeter {\n        if (batch", "external nonReentrant {\n        if (batch"],
  [escrow, "external nonReentrant onlyMeter {\n        if (batch", "external onlyMeter {\n        if (batch"],
  [escrow, "sum - fee, header & PUSH_FLAG != 0", "sum, header & PUSH_FLAG != 0"],
  [escrow, "if (fees != 0) credit[feeTo][token] += fees;", ""],
  [escrow, "terms[2] = header >> 96;", ""],
  [escrow, "terms[3] = uint160(token);", ""],
  // Claims.
  [escrow, "nets[i + 1] += nets[i];", "nets[i + 1] = nets[i];"],
  [escrow, "&& terms[i + 1].token == token", ""],
  [escrow, "terms[i + 1].provider == provider && ", ""],
  [escrow, "if (fee != 0) credit[feeTo][terms[i].token] += fee;", ""],
  [escrow, "if (signer == meter || signer == tenant) return;", "if (signer == meter) return;"],
  [escrow, "if (signer == meter || signer == tenant) return;", "if (signer == tenant) return;"],
  [escrow, "signer == previousMeter && block.timestamp < previousMeterUntil", "signer == previousMeter"],
  [escrow, "signer == previousMeter && block.timestamp < previousMeterUntil", "signer == previousMeter && block.timestamp <= previousMeterUntil"],
  [escrow, "        if (signer != address(0)) {\n            if (signer == meter", "        {\n            if (signer == meter"],
  // Opening.
  [escrow, "if (msg.sender != terms.tenant) _requireSigned(terms.tenant, keccak256(abi.encode(LOCK", "if (false) _requireSigned(terms.tenant, keccak256(abi.encode(LOCK"],
  [escrow, "keccak256(abi.encode(LOCK, id, cap))", "keccak256(abi.encode(VOUCHER, id, cap))"],
  [escrow, "if (cap <= _agreements[id].cap) return false;", "if (cap < _agreements[id].cap) return false;"],
  [escrow, "if (agreement.endedAt != 0) revert Ended(id);\n        if (block", "if (block"],
  [escrow, "if (block.timestamp >= terms.expiry) revert Expired(id);", ""],
  [escrow, "block.timestamp >= terms.expiry)", "block.timestamp > terms.expiry)"],
  [escrow, "_take(terms.tenant, terms.token, cap - agreement.cap);", "_take(terms.tenant, terms.token, cap);"],
  [escrow, "if (!_openSigned(id, terms, cap, sig)) revert NotHigher(id);", "_openSigned(id, terms, cap, sig);"],
  // Mandates.
  [escrow, "external nonReentrant onlyMeter whenRunning", "external nonReentrant whenRunning"],
  [escrow, "terms.tenant != mandate.tenant || ", ""],
  [escrow, "terms.token != mandate.token || ", ""],
  [escrow, "terms.ratePerHour > mandate.ratePerHourMax", "terms.ratePerHour > mandate.cap"],
  [escrow, "terms.start < mandate.start || ", ""],
  [escrow, "terms.expiry > mandate.expiry", "terms.expiry > mandate.expiry + 1"],
  [escrow, "(first && terms.start + BACKDATE_MAX < block.timestamp)", "(first && terms.start + BACKDATE_MAX <= block.timestamp)"],
  [escrow, "(first && terms.start + BACKDATE_MAX < block.timestamp)", "(terms.start + BACKDATE_MAX < block.timestamp)"],
  [escrow, "if (use.revoked || ", "if ("],
  [escrow, "block.timestamp < mandate.start || ", ""],
  [escrow, "block.timestamp >= mandate.expiry)", "block.timestamp > mandate.expiry)"],
  [escrow, "_requireSigned(mandate.tenant, id, sig);", ""],
  [escrow, "window == use.window ? use.used : 0", "use.used"],
  [escrow, "window == use.window ? use.used : 0", "0"],
  [escrow, "if (used > mandate.cap)", "if (used >= mandate.cap)"],
  [escrow, "if (caps[i] <= old) continue;", "if (caps[i] < old) continue;"],
  [escrow, "if (msg.sender != mandate.tenant) revert NotParty();", ""],
  // Ending.
  [escrow, "if (msg.sender != terms.tenant && msg.sender != meter) revert NotParty();", ""],
  [escrow, "if (agreement.cap == 0 && msg.sender != terms.tenant) revert Unknown(id);", ""],
  [escrow, "if (agreement.endedAt != 0) revert Ended(id);\n        agreement.endedAt", "agreement.endedAt"],
  [escrow, "if (agreement.closed) continue;", ""],
  [escrow, "if (agreement.cap == 0) revert Unknown(id);\n            if (!_notice", "if (!_notice"],
  [escrow, "!_noticeIsOver(terms[i], agreement) && msg.sender != terms[i].provider", "!_noticeIsOver(terms[i], agreement)"],
  [escrow, "if (agreement.claimed < cumulative[i]) revert TooEarly();", ""],
  [escrow, "_requireSigned(terms[i].provider, keccak256(abi.encode(CLOSE, id, cumulative[i])), providerSigs[i]);", ""],
  [escrow, "agreement.cap = agreement.claimed;", ""],
  [escrow, "agreement.closed = true;", ""],
  [escrow, "if (agreement.endedAt == 0) agreement.endedAt = uint40(block.timestamp);", ""],
  [escrow, "block.timestamp >= end + NOTICE", "block.timestamp > end + NOTICE"],
  [escrow, "if (end == 0 || terms.expiry < end)", "if (end == 0)"],
  [escrow, "NOTICE = 1 days", "NOTICE = 23 hours"],
  // The meter.
  [escrow, "nextMeterAt = uint40(block.timestamp + ROTATION_DELAY);", "nextMeterAt = uint40(block.timestamp);"],
  [escrow, "nextMeter == address(0) || ", ""],
  [escrow, "block.timestamp < nextMeterAt)", "block.timestamp <= nextMeterAt)"],
  [escrow, "previousMeter = meter;", ""],
  [escrow, "nextMeter = address(0);", ""],
  [escrow, "function proposeMeter(address next) external onlyGuardian", "function proposeMeter(address next) external"],
  [escrow, "if (feeBps_ > FEE_BPS_MAX)", "if (feeBps_ > FEE_BPS_MAX + 1)"],
  [escrow, "meter_ == address(0) || ", ""],
  // The purse.
  [purse, "if (balance < amount) revert Insufficient(who);", ""],
  [purse, "if (msg.value != 0) revert WrongValue();", ""],
  [purse, "if (msg.value != amount) revert WrongValue();", ""],
  [purse, "if (amount == 0) revert NothingArrived();", ""],
  [purse, "!= nonce + 1) revert PermitUnused();", "== nonce + 2) revert PermitUnused();"],
  [purse, "_credit(who, token, IERC20(token).balanceOf(address(this)) - before);", "_credit(who, token, amount);"],
  [purse, "_credit(from, token,", "_credit(msg.sender, token,"],
  [purse, "_pull(owner, token, amount);", "_pull(msg.sender, token, amount);"],
  [purse, "_take(msg.sender, token, amount);", ""],
  [purse, "credit[who][token] = 0;", ""],
  [purse, "push && _push(token, provider, net)", "_push(token, provider, net)"],
  [purse, "if (!pushed) credit[provider][token] += net;", ""],
  [purse, "net + _takeCredit(provider, token)", "net"],
  [purse, "if (!ok) revert NotPaid(to);", ""],
  [purse, "call(PUSH_GAS_COIN,", "call(gas(),"],
  [purse, "call(PUSH_GAS_TOKEN,", "call(gas(),"],
  [purse, "gt(extcodesize(token), 0)", "1"],
  [purse, "eq(mload(0), 1)", "gt(mload(0), 0)"],
  [purse, "default { ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0), 1))) }", "default {}"],
  [purse, "function withdraw(address token, uint256 amount) external nonReentrant", "function withdraw(address token, uint256 amount) external"],
  [purse, "payout(address[] calldata payees, address token) external nonReentrant", "payout(address[] calldata payees, address token) external"],
  [purse, "function deposit(address token, uint256 amount) external payable nonReentrant whenRunning", "function deposit(address token, uint256 amount) external payable nonReentrant"],
  [purse, "function pause(bool paused_) external onlyGuardian", "function pause(bool paused_) external"],
  // Signatures.
  [signed, "signer != address(0) && signer == who", "signer == who"],
  [signed, "signer != address(0) && signer == who", "signer != address(0)"],
  [signed, "if (!_contractSigned(who, digest, sig)) revert BadSignature();", ""],
  [signed, "digest = _hashTypedDataV4(structHash);", "digest = structHash;"],
];

/** The sources with this mutant in them. */
function mutated([file, from, to]) {
  const text = readFileSync(join(here, file), "utf8");
  if (text.split(from).length !== 2) throw new Error(`${file}: "${from}" does not occur exactly once`);
  return { [file]: text.replace(from, () => to) };
}

// ---- a worker compiles, as the compiler is busy for seconds and knows no promises
if (!isMainThread) {
  parentPort.on("message", (index) => {
    const { contracts, errors } = compile(["src/TtalkakEscrow.sol"], mutated(mutants[index]));
    const code = contracts?.["src/TtalkakEscrow.sol"]?.TtalkakEscrow?.evm.bytecode.object;
    parentPort.postMessage(code ? { code } : { fault: errors.map((error) => error.formattedMessage).join("\n") });
  });
} else {
  await main();
}

/** The contract tests but for the long ones, against the code in this file; true when one of them fails. */
function killed(file) {
  const args = ["test", "--offline", "--fail-fast", "--no-match-contract", "GasTest|InvariantsTest"];
  return new Promise((resolve, reject) => {
    const child = spawn(forge, args, { cwd: here, env: { ...process.env, ESCROW_CODE: file, FOUNDRY_FUZZ_RUNS: "64" } });
    let text = "";
    child.stdout.on("data", (part) => (text += part));
    child.stderr.on("data", (part) => (text += part));
    child.on("error", reject);
    child.on("close", (code) => {
      // Told by its words and by its exit code; when they disagree, or say nothing, nothing is known.
      const failed = /Suite result: FAILED/.test(text);
      const passed = !failed && /Suite result: ok/.test(text);
      if (failed && code !== 0) resolve(true);
      else if (passed && code === 0) resolve(false);
      else reject(new Error(`forge did not run the tests (exit code ${code}):\n${text}`));
    });
  });
}

function chosen() {
  const option = (name) => process.argv[process.argv.indexOf(name) + 1];
  const from = process.argv.includes("--from") ? Number(option("--from")) : 0;
  const all = mutants.map((_, index) => index).filter((index) => index >= from);
  if (!process.argv.includes("--sample")) return all;
  // A small generator (mulberry32), so that a seed names the same mutants everywhere.
  let state = Number(process.argv.includes("--seed") ? option("--seed") : 1) >>> 0;
  const chance = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const picked = [];
  while (picked.length < Number(option("--sample")) && all.length > 0) {
    picked.push(...all.splice(Math.floor(chance() * all.length), 1));
  }
  return picked;
}

async function main() {
  for (const mutant of mutants) mutated(mutant); // a list that no longer fits the source is told at once
  const queue = chosen();
  const total = queue.length;
  const folder = join(here, "cache/mutants");
  mkdirSync(folder, { recursive: true });
  // The tests must pass without a mutant, or every mutant would seem killed; this also compiles them.
  const whole = JSON.parse(readFileSync(join(here, "artifacts/TtalkakEscrow.json"), "utf8")).bytecode;
  writeFileSync(join(folder, "whole.hex"), whole);
  if (await killed("cache/mutants/whole.hex")) throw new Error("the tests fail on the contract as it is");

  const survivors = [];
  let done = 0;
  const lane = async () => {
    const worker = new Worker(fileURLToPath(import.meta.url));
    for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
      worker.postMessage(index);
      const [answer] = await once(worker, "message");
      if (answer.fault) throw new Error(`mutant ${index} does not compile:\n${answer.fault}`);
      const file = `cache/mutants/${index}.hex`;
      writeFileSync(join(here, file), `0x${answer.code}`);
      const dead = await killed(file);
      rmSync(join(here, file));
      const [, from, to] = mutants[index];
      done += 1;
      if (!dead) {
        survivors.push(index);
        console.log(`mutant ${index} SURVIVES: "${from}" -> "${to}"`);
      } else if (done % 10 === 0) {
        console.log(`${done} of ${total} mutants tried`);
      }
    }
    await worker.terminate();
  };
  await Promise.all([lane(), lane()]);
  console.log(`${total - survivors.length} of ${total} mutants killed (${mutants.length} known)`);
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  process.exit(survivors.length === 0 ? 0 : 1);
}
