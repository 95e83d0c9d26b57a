// What a wallet is asked to sign, as EIP-712 data. The screen's lines are read from the very object that is handed to
// the wallet: there is no second copy that could say something else. Pure.
import type { ChainView, Mandate } from '../client';

export type Value = string | number;
/** One struct without nested ones, as `eth_signTypedData_v4` takes it. */
export interface Typed {
  domain: { name: string; version: string; chainId: number; verifyingContract: string };
  types: Record<string, { name: string; type: string }[]>;
  primaryType: string;
  message: Record<string, Value>;
}

const DOMAIN = [
  { name: 'name', type: 'string' },
  { name: 'version', type: 'string' },
  { name: 'chainId', type: 'uint256' },
  { name: 'verifyingContract', type: 'address' },
];
const field = (text: string) =>
  text.split(',').map((part) => {
    const [type = '', name = ''] = part.split(' ');
    return { name, type };
  });
const MANDATE = field(
  'address tenant,address token,uint96 ratePerHourMax,uint96 cap,uint40 period,uint40 start,uint40 expiry,uint64 salt',
);
const PERMIT = field('address owner,address spender,uint256 value,uint256 nonce,uint256 deadline');
const TERMS = field(
  'address tenant,address provider,address token,uint96 ratePerHour,uint40 start,uint40 expiry,uint64 salt',
);
/** The struct of an agreement; its hash is the agreement's key. */
export const TERMS_TYPES = { Terms: TERMS };

export function escrowDomain(chain: ChainView): Typed['domain'] {
  const { chain_id, contract } = chain.domain;
  return { name: 'TtalkakEscrow', version: '1', chainId: chain_id, verifyingContract: contract };
}

/** The mandate for a wallet to sign. Amounts stay decimal texts: they may be beyond what a number holds. */
export function mandateTyped(mandate: Mandate, chain: ChainView): Typed {
  return {
    domain: escrowDomain(chain),
    types: { EIP712Domain: DOMAIN, Mandate: MANDATE },
    primaryType: 'Mandate',
    message: {
      tenant: mandate.tenant,
      token: mandate.token,
      ratePerHourMax: mandate.rate_per_hour_max,
      cap: mandate.cap,
      period: mandate.period,
      start: mandate.start,
      expiry: mandate.expiry,
      salt: mandate.salt,
    },
  };
}

/** The mandate that was signed, for the coordinator: read back from what the wallet was handed. */
export function mandateOf(typed: Typed): Mandate {
  const { message } = typed;
  const text = (name: string) => String(message[name]);
  const number = (name: string) => Number(message[name]);
  return {
    tenant: text('tenant'),
    token: text('token'),
    rate_per_hour_max: text('ratePerHourMax'),
    cap: text('cap'),
    period: number('period'),
    start: number('start'),
    expiry: number('expiry'),
    salt: number('salt'),
  };
}

export interface PermitWish {
  token: { name: string; version: string; address: string };
  owner: string;
  spender: string;
  value: bigint;
  nonce: bigint;
  deadline: number;
}

/** Leave for the escrow to take so much of a token, once (EIP-2612). */
export function permitTyped(wish: PermitWish, chainId: number): Typed {
  const { name, version, address } = wish.token;
  return {
    domain: { name, version, chainId, verifyingContract: address },
    types: { EIP712Domain: DOMAIN, Permit: PERMIT },
    primaryType: 'Permit',
    message: {
      owner: wish.owner,
      spender: wish.spender,
      value: wish.value.toString(),
      nonce: wish.nonce.toString(),
      deadline: wish.deadline,
    },
  };
}

/** 53 random bits: JavaScript reads whole numbers below that. */
export function salt(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2));
  return (high & 0x1fffff) * 2 ** 32 + low;
}
