// Wallets in this browser: found by EIP-6963, or the one that older wallets put on the page. What they say is checked
// before it is believed: a page may hold several, and any script of an extension can pose as one.
import { Failure } from '../client';
import type { ProblemText } from '$lib/i18n';

export interface Provider {
  request(call: { method: string; params?: unknown[] }): Promise<unknown>;
  on?(event: string, listener: (value: unknown) => void): void;
  removeListener?(event: string, listener: (value: unknown) => void): void;
}

export interface Found {
  id: string;
  name: string;
  icon?: string;
  provider: Provider;
}

/** A wallet announces itself at once when asked. */
const ANNOUNCE_MS = 300;
const WALLETS_MAX = 12;
const NAME_MAX = 40;

const problem = (code: string, message: string, next: string): ProblemText => ({ code, message, next });
export const WALLET_MISSING = problem(
  'wallet_missing',
  'There is no wallet in this browser.',
  'Install one, such as MetaMask or Rabby, and load this page again.',
);
export const WALLET_REJECTED = problem('wallet_rejected', 'You said no in the wallet.', 'Nothing was signed or sent.');
export const WALLET_CHANGED = problem(
  'wallet_changed',
  'The wallet changed its account or chain meanwhile.',
  'Nothing more was sent. Look at the account and begin again.',
);
const MISBEHAVES = problem(
  'wallet_misbehaves',
  'The wallet answered with something that makes no sense.',
  'Try another wallet, or turn off extensions that pose as one.',
);
const PENDING = problem(
  'wallet_pending',
  'The wallet is still asking you something.',
  'Open it, answer there, and try again.',
);

/** All wallets that answer within a moment. */
export async function findWallets(): Promise<Found[]> {
  const found = new Map<string, Found>();
  const hear = (event: Event) => {
    const wallet = readAnnouncement((event as CustomEvent<unknown>).detail);
    if (wallet && found.size < WALLETS_MAX) found.set(wallet.id, wallet);
  };
  window.addEventListener('eip6963:announceProvider', hear);
  window.dispatchEvent(new Event('eip6963:requestProvider'));
  await new Promise((resolve) => setTimeout(resolve, ANNOUNCE_MS));
  window.removeEventListener('eip6963:announceProvider', hear);
  const old = (window as { ethereum?: unknown }).ethereum;
  if (found.size === 0 && isProvider(old)) found.set('injected', { id: 'injected', name: 'Browser', provider: old });
  return [...found.values()];
}

function isProvider(value: unknown): value is Provider {
  return typeof (value as Provider | undefined)?.request === 'function';
}

/** Reads an announcement of a stranger: names are cut, icons only as data, anything else is left out. */
export function readAnnouncement(detail: unknown): Found | undefined {
  const { info, provider } = (detail ?? {}) as { info?: Record<string, unknown>; provider?: unknown };
  const [id, name, icon] = [info?.['uuid'], info?.['name'], info?.['icon']];
  if (typeof id !== 'string' || typeof name !== 'string' || !isProvider(provider)) return undefined;
  // Control and direction characters could make one wallet look like another.
  const plain = name
    .replace(/[\p{Cc}\p{Cf}]/gu, '')
    .slice(0, NAME_MAX)
    .trim();
  if (plain === '') return undefined;
  const safe = typeof icon === 'string' && /^data:image\/(png|svg\+xml|webp|jpeg)[;,]/.test(icon) && icon.length < 1e5;
  return { id, name: plain, provider, ...(safe ? { icon } : {}) };
}

/** Asks a wallet. Throws a [`Failure`] in our words; codes are EIP-1193's. */
export async function ask(provider: Provider, method: string, params: unknown[] = []): Promise<unknown> {
  try {
    return await provider.request({ method, params });
  } catch (thrown) {
    throw new Failure(refusal(thrown));
  }
}

/** What a wallet's refusal means. */
export function refusal(thrown: unknown): ProblemText {
  const error = (thrown ?? {}) as { code?: unknown; message?: unknown; data?: unknown };
  const said = typeof error.message === 'string' ? error.message.replace(/[\p{Cc}\p{Cf}]/gu, ' ').slice(0, 200) : '';
  if (error.code === 4001 || error.code === 'ACTION_REJECTED') return WALLET_REJECTED;
  if (error.code === -32002) return PENDING;
  if (error.code === 4902) return problem('chain_unknown', 'The wallet does not know this chain.', 'Add it.');
  if (/insufficient funds|exceeds balance/i.test(said)) {
    return problem(
      'gas_insufficient',
      'The wallet has too little of the chain’s coin for the fee.',
      'Bring some to it.',
    );
  }
  return problem('wallet_refused', said || 'The wallet refused.', 'Look into the wallet and try again.');
}

const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const QUANTITY = /^0x[0-9a-fA-F]{1,16}$/;
const HASH = /^0x[0-9a-fA-F]{64}$/;
const SIGNATURE = /^0x[0-9a-fA-F]{130}$/;

function believed(value: unknown, shape: RegExp): string {
  if (typeof value === 'string' && shape.test(value)) return value.toLowerCase();
  throw new Failure(MISBEHAVES);
}

/** The account that the wallet gives this page; asks for leave when `connect`. */
export async function account(provider: Provider, connect: boolean): Promise<string | undefined> {
  const list = await ask(provider, connect ? 'eth_requestAccounts' : 'eth_accounts');
  if (!Array.isArray(list)) throw new Failure(MISBEHAVES);
  return list.length === 0 ? undefined : believed(list[0], ADDRESS);
}

export async function chainId(provider: Provider): Promise<number> {
  return Number(believed(await ask(provider, 'eth_chainId'), QUANTITY));
}

export const sentHash = (value: unknown) => believed(value, HASH);
export const signature = (value: unknown) => believed(value, SIGNATURE);

/** Has the wallet go to a chain, adding it where it is not known. */
export async function goToChain(provider: Provider, id: number, rpc: string | undefined, name: string): Promise<void> {
  const chain = `0x${id.toString(16)}`;
  try {
    await ask(provider, 'wallet_switchEthereumChain', [{ chainId: chain }]);
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.problem.code !== 'chain_unknown' || !rpc) throw thrown;
    const coin = { name: 'Ether', symbol: 'ETH', decimals: 18 };
    const added = { chainId: chain, chainName: name, nativeCurrency: coin, rpcUrls: [rpc] };
    await ask(provider, 'wallet_addEthereumChain', [added]);
    await ask(provider, 'wallet_switchEthereumChain', [{ chainId: chain }]);
  }
}
