// The way out without the coordinator: which agreements stand is read from the chain alone, from the contract's events
// and the transactions that opened them, and each found set of terms is held against its key.
import { decodeFunctionData, type Address, type Hex, type Client } from 'viem';
import { getLogs, getTransaction, readContract } from 'viem/actions';
import type { ChainView } from '../client';
import { escrowAbi } from '$lib/generated/abi';
import { keyOf, type Terms } from './chain';

export interface Standing {
  key: Hex;
  terms: Terms;
  cap: bigint;
  claimed: bigint;
  /** Seconds since 1970 when an end was asked for; 0 before. */
  endedAt: number;
  /** When the rest can be taken back; absent before an end was asked for and while the terms run. */
  backAt: number;
}

const AT_ONCE = 20;

/** Every agreement of a tenant that still holds money, newest first. */
export async function standing(client: Client, view: ChainView, tenant: Address): Promise<Standing[]> {
  const address = view.domain.contract as Address;
  const event = escrowAbi.find((one) => one.type === 'event' && one.name === 'Opened');
  if (event?.type !== 'event') return [];
  const logs = await getLogs(client, { address, event, args: { tenant }, fromBlock: 'earliest', strict: true });
  const opened = new Map<Hex, Hex>();
  for (const log of logs.reverse()) {
    const { agreement } = log.args as { agreement: Hex };
    if (!opened.has(agreement)) opened.set(agreement, log.transactionHash);
  }
  const notice = Number(await readContract(client, { address, abi: escrowAbi, functionName: 'NOTICE' }));
  const keys = [...opened];
  const found: Standing[] = [];
  for (let first = 0; first < keys.length; first += AT_ONCE) {
    const some = keys.slice(first, first + AT_ONCE);
    const looked = await Promise.all(some.map(([key, hash]) => look(client, address, key, hash, notice)));
    found.push(...looked.filter((one) => one !== undefined));
  }
  return found;
}

async function look(client: Client, address: Address, key: Hex, hash: Hex, notice: number) {
  const args = [key] as const;
  const [cap, claimed, endedAt] = await readContract(client, {
    address,
    abi: escrowAbi,
    functionName: 'agreements',
    args,
  });
  // After a close the cap equals what was claimed: nothing is left to take back.
  if (cap <= claimed) return undefined;
  const { input } = await getTransaction(client, { hash });
  const terms = termsIn(input).find((one) => keyOf(one) === key);
  if (!terms) return undefined;
  const end = endedAt === 0 ? terms.expiry : Math.min(endedAt, terms.expiry);
  return { key, terms, cap, claimed, endedAt, backAt: end + notice };
}

/** The terms that a call to the contract carried. */
export function termsIn(input: Hex): Terms[] {
  try {
    const { functionName, args } = decodeFunctionData({ abi: escrowAbi, data: input });
    if (functionName === 'open') return [args[0]];
    return functionName === 'openMany' || functionName === 'openUnder' ? [...args[0]] : [];
  } catch {
    return [];
  }
}
