// The chain itself, asked by viem: what contract and token say, what a call would cost, what became of a transaction.
// The coordinator's word is compared with it before any money moves.
import {
  BaseError,
  ContractFunctionRevertedError,
  createClient,
  custom,
  domainSeparator,
  encodeFunctionData,
  hashStruct,
  http,
  type Address,
  type Hex,
  type Client,
} from 'viem';
import {
  estimateGas,
  estimateMaxPriorityFeePerGas,
  getBalance,
  getBlock,
  getChainId,
  getCode,
  readContract,
} from 'viem/actions';
import { Failure, type ChainView } from '../client';
import { escrowAbi, tokenAbi } from '$lib/generated/abi';
import type { Provider } from './provider';
import { TERMS_TYPES, type PermitWish } from './typed';

export const ZERO: Address = '0x0000000000000000000000000000000000000000';
const PERMIT_SECONDS = 1800;
/** Twice the base fee lets a transaction through six full blocks in a row, each of which raises it by an eighth. */
const BASE_FEE_ROOM = 2n;

export interface Call {
  to: Address;
  data: Hex;
  value: bigint;
}

export interface Holdings {
  token: bigint;
  coin: bigint;
  free: bigint;
}

export interface Terms {
  tenant: Address;
  provider: Address;
  token: Address;
  ratePerHour: bigint;
  start: number;
  expiry: number;
  salt: bigint;
}

/** The coordinator's endpoint where it names one, else the wallet's own. */
export function connect(view: ChainView, provider: Provider): Client {
  const transport = view.rpc_url ? http(view.rpc_url) : custom(provider);
  return createClient({ transport, pollingInterval: 500 });
}

function differs(what: string): never {
  throw new Failure({
    code: 'chain_mismatch',
    message: what,
    next: 'Send nothing. Ask whoever runs the coordinator, and compare with what they publish.',
  });
}

/** Whether the chain says the same as the coordinator. Throws `chain_mismatch`, with what differs. */
export async function agree(client: Client, view: ChainView): Promise<void> {
  const [escrow, token] = [view.domain.contract as Address, view.token as Address];
  const id = await getChainId(client);
  if (id !== view.domain.chain_id) differs(`The endpoint serves chain ${id}, not ${view.domain.chain_id}.`);
  const code = await getCode(client, { address: escrow });
  if (!code || code === '0x') differs(`There is no contract at ${escrow}.`);
  const meter = await readContract(client, { address: escrow, abi: escrowAbi, functionName: 'meter' });
  if (meter.toLowerCase() !== view.meter) differs(`The contract’s meter is ${meter}, not ${view.meter}.`);
  if (token === ZERO) return;
  const decimals = await readContract(client, { address: token, abi: tokenAbi, functionName: 'decimals' });
  if (decimals !== view.decimals) differs(`The token has ${decimals} decimals, not ${view.decimals}.`);
  const symbol = await readContract(client, { address: token, abi: tokenAbi, functionName: 'symbol' });
  if (symbol !== view.symbol) differs(`The token is called ${symbol}, not ${view.symbol}.`);
}

export async function holdings(client: Client, view: ChainView, who: Address): Promise<Holdings> {
  const [escrow, token] = [view.domain.contract as Address, view.token as Address];
  const coin = getBalance(client, { address: who });
  const held =
    token === ZERO
      ? coin
      : readContract(client, { address: token, abi: tokenAbi, functionName: 'balanceOf', args: [who] });
  const free = readContract(client, { address: escrow, abi: escrowAbi, functionName: 'free', args: [who, token] });
  const [a, b, c] = await Promise.all([held, coin, free]);
  return { token: a, coin: b, free: c };
}

/** What a call costs at most, in wei. Throws what the contract would refuse it with. */
export async function feeMax(client: Client, from: Address, call: Call): Promise<bigint> {
  const [gas, block, tip] = await Promise.all([
    estimateGas(client, { account: from, ...call }),
    getBlock(client),
    estimateMaxPriorityFeePerGas(client).catch(() => 0n),
  ]);
  return ((gas * 12n) / 10n) * ((block.baseFeePerGas ?? 0n) * BASE_FEE_ROOM + tip);
}

export const calls = {
  deposit: (view: ChainView, amount: bigint): Call => ({
    to: view.domain.contract as Address,
    data: encodeFunctionData({ abi: escrowAbi, functionName: 'deposit', args: [view.token as Address, amount] }),
    value: view.token === ZERO ? amount : 0n,
  }),
  depositWithPermit: (view: ChainView, amount: bigint, deadline: number, signature: string): Call => {
    const r = signature.slice(0, 66) as Hex;
    const s = `0x${signature.slice(66, 130)}` as Hex;
    // Some wallets say 0 and 1 where the contract wants 27 and 28.
    const last = parseInt(signature.slice(130, 132), 16);
    const args = [view.token as Address, amount, BigInt(deadline), last < 27 ? last + 27 : last, r, s] as const;
    const data = encodeFunctionData({ abi: escrowAbi, functionName: 'depositWithPermit', args });
    return { to: view.domain.contract as Address, data, value: 0n };
  },
  approve: (view: ChainView, amount: bigint): Call => ({
    to: view.token as Address,
    data: encodeFunctionData({
      abi: tokenAbi,
      functionName: 'approve',
      args: [view.domain.contract as Address, amount],
    }),
    value: 0n,
  }),
  withdraw: (view: ChainView, amount: bigint): Call => ({
    to: view.domain.contract as Address,
    data: encodeFunctionData({ abi: escrowAbi, functionName: 'withdraw', args: [view.token as Address, amount] }),
    value: 0n,
  }),
  mint: (view: ChainView, who: Address, amount: bigint): Call => ({
    to: view.token as Address,
    data: encodeFunctionData({ abi: tokenAbi, functionName: 'mint', args: [who, amount] }),
    value: 0n,
  }),
  revoke: (view: ChainView, mandate: Record<string, string | number>): Call => ({
    to: view.domain.contract as Address,
    data: encodeFunctionData({
      abi: escrowAbi,
      functionName: 'revoke',
      args: [
        {
          tenant: mandate['tenant'] as Address,
          token: mandate['token'] as Address,
          ratePerHourMax: BigInt(mandate['ratePerHourMax'] ?? 0),
          cap: BigInt(mandate['cap'] ?? 0),
          period: Number(mandate['period']),
          start: Number(mandate['start']),
          expiry: Number(mandate['expiry']),
          salt: BigInt(mandate['salt'] ?? 0),
        },
      ],
    }),
    value: 0n,
  }),
  requestClose: (view: ChainView, terms: Terms): Call => ({
    to: view.domain.contract as Address,
    data: encodeFunctionData({ abi: escrowAbi, functionName: 'requestClose', args: [terms] }),
    value: 0n,
  }),
  close: (view: ChainView, terms: Terms[]): Call => ({
    to: view.domain.contract as Address,
    data: encodeFunctionData({
      abi: escrowAbi,
      functionName: 'close',
      args: [terms, terms.map(() => 0n), terms.map(() => '0x' as const)],
    }),
    value: 0n,
  }),
};

export function allowance(client: Client, view: ChainView, owner: Address): Promise<bigint> {
  const args = [owner, view.domain.contract as Address] as const;
  return readContract(client, { address: view.token as Address, abi: tokenAbi, functionName: 'allowance', args });
}

/** What a permit would say; absent when the token takes none, or names its domain in a way of its own. */
export async function permitWish(
  client: Client,
  view: ChainView,
  owner: Address,
  value: bigint,
): Promise<PermitWish | undefined> {
  const address = view.token as Address;
  const read = { address, abi: tokenAbi } as const;
  const asked = await Promise.all([
    readContract(client, { ...read, functionName: 'name' }),
    readContract(client, { ...read, functionName: 'DOMAIN_SEPARATOR' }),
    readContract(client, { ...read, functionName: 'nonces', args: [owner] }),
    getBlock(client),
  ]).catch(() => undefined);
  if (!asked) return undefined;
  const [name, separator, nonce, block] = asked;
  // USDC and its like say 2; nothing on chain tells the version but the hash itself.
  const version = ['1', '2'].find(
    (version) =>
      separator ===
      domainSeparator({ domain: { name, version, chainId: view.domain.chain_id, verifyingContract: address } }),
  );
  if (version === undefined) return undefined;
  const deadline = Number(block.timestamp) + PERMIT_SECONDS;
  return { token: { name, version, address }, owner, spender: view.domain.contract, value, nonce, deadline };
}

/** The key of an agreement: the struct hash of its terms. */
export function keyOf(terms: Terms): Hex {
  return hashStruct({
    types: TERMS_TYPES as { Terms: { name: string; type: string }[] },
    primaryType: 'Terms',
    data: terms as unknown as Record<string, unknown>,
  });
}

/** A failure of the chain in our words. */
export function chainFault(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  const text = thrown instanceof BaseError ? thrown.shortMessage : '';
  const walked =
    thrown instanceof BaseError ? thrown.walk((one) => one instanceof ContractFunctionRevertedError) : null;
  const name = walked instanceof ContractFunctionRevertedError ? (walked.data?.errorName ?? walked.reason) : undefined;
  if (/exceeds the balance|insufficient funds/i.test(text)) {
    return new Failure({
      code: 'gas_insufficient',
      message: 'The wallet has too little of the chain’s coin for the fee.',
      next: 'Bring some to it.',
    });
  }
  if (name !== undefined || /revert/i.test(text)) {
    const message = name ? `The contract refused: ${name}.` : 'The contract refused.';
    return new Failure({ code: 'contract_refused', message, next: 'Load the page again and look at the amounts.' });
  }
  return new Failure({
    code: 'chain_unavailable',
    message: 'The chain’s endpoint does not answer as it should.',
    next: 'Try again in a moment.',
  });
}
