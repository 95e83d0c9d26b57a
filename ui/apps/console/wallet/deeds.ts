// The deeds that a tenant's wallet can do, as steps to show, sign and send. Deliberately absent: doing them.
import { parseSiweMessage } from 'viem/siwe';
import { exact } from '$lib/i18n/money';
import { api, Failure, taken, type ChainView, type Mandate } from '../client';
import { money } from '../money.svelte';
import { t } from '../words';
import { allowance, calls, keyOf, permitWish, ZERO, type Terms } from './chain';
import type { Deed, Step } from './deed.svelte';
import { factsOf, units, type Fact } from './facts';
import { mandateOf, mandateTyped, permitTyped } from './typed';
import type { Wallet } from './wallet.svelte';

const PURPOSE = 'urn:ttalkak:link-wallet';

const contract = (chain: ChainView): Fact => ({ label: t('fact.contract'), value: chain.domain.contract, code: true });
const own = (wallet: Wallet): Fact => ({ label: t('fact.from'), value: wallet.address, code: true });

/** Signs nothing but a sign-in here, on this chain, with this wallet. */
export function checkLink(text: string, host: string, address: string, chain: number): void {
  const said = parseSiweMessage(text);
  const right =
    said.domain === host &&
    said.address?.toLowerCase() === address &&
    said.chainId === chain &&
    said.uri === PURPOSE &&
    said.nonce !== undefined;
  if (right) return;
  throw new Failure({
    code: 'wallet_nonce_invalid',
    message: 'The coordinator wants something else signed than a sign-in here; nothing was.',
    next: 'Check the address of this page.',
  });
}

export async function link(wallet: Wallet): Promise<Deed> {
  const given = await taken(api.POST('/v1/billing/wallet/message', { body: { wallet: wallet.address } }));
  checkLink(given.message, window.location.host, wallet.address, wallet.chain.domain.chain_id);
  const step: Step = {
    kind: 'text',
    title: t('link.title'),
    allows: t('link.allows'),
    facts: [own(wallet), contract(wallet.chain)],
    text: given.message,
  };
  const finish = async (signatures: string[]) => {
    const body = { message: given.message, signature: signatures[0] ?? '' };
    await taken(api.PUT('/v1/billing/wallet', { body }));
    await money.load();
  };
  return { title: t('link.title'), steps: [step], finish, done: t('link.done') };
}

export async function deposit(wallet: Wallet, amount: bigint): Promise<Deed> {
  const { chain, client, address } = wallet;
  const shown = units(amount.toString(), chain);
  const facts: Fact[] = [
    own(wallet),
    { label: t('fact.to'), value: t('deposit.to') },
    { label: t('fact.amount'), value: shown },
    contract(chain),
  ];
  const send = (call: Step['call']): Step => ({
    kind: 'send',
    title: t('deposit.title', { amount: shown }),
    allows: t('deposit.allows', { amount: shown }),
    facts,
    call,
  });
  const plain = send(() => calls.deposit(chain, amount));
  let steps = [plain];
  if (chain.token !== ZERO && (await allowance(client, chain, address)) < amount) {
    const wish = await permitWish(client, chain, address, amount);
    if (wish) {
      const typed = permitTyped(wish, chain.domain.chain_id);
      const sign: Step = {
        kind: 'sign',
        title: t('permit.title', { amount: shown }),
        allows: t('permit.allows', { amount: shown }),
        facts: factsOf(typed, chain),
        typed,
      };
      const { deadline } = wish;
      steps = [sign, send(([signature]) => calls.depositWithPermit(chain, amount, deadline, signature ?? ''))];
    } else {
      const approve: Step = {
        kind: 'send',
        title: t('approve.title', { amount: shown }),
        allows: t('permit.allows', { amount: shown }),
        facts: [own(wallet), { label: t('fact.amount'), value: shown }, contract(chain)],
        call: () => calls.approve(chain, amount),
      };
      steps = [approve, plain];
    }
  }
  const finish = () => money.load();
  return { title: t('deposit.title', { amount: shown }), steps, finish, done: t('deposit.done', { amount: shown }) };
}

export function withdraw(wallet: Wallet, amount: bigint): Deed {
  const { chain } = wallet;
  const shown = units(amount.toString(), chain);
  const step: Step = {
    kind: 'send',
    title: t('withdraw.title', { amount: shown }),
    allows: t('withdraw.allows', { amount: shown }),
    facts: [
      { label: t('fact.from'), value: t('withdraw.from') },
      { label: t('fact.to'), value: wallet.address, code: true },
      { label: t('fact.amount'), value: shown },
      contract(chain),
    ],
    call: () => calls.withdraw(chain, amount),
  };
  const done = t('withdraw.done', { amount: shown });
  return { title: step.title, steps: [step], finish: () => money.load(), done };
}

export function faucet(wallet: Wallet, amount: bigint): Deed {
  const shown = units(amount.toString(), wallet.chain);
  const step: Step = {
    kind: 'send',
    title: t('faucet.title', { amount: shown }),
    allows: t('faucet.allows'),
    facts: [
      { label: t('fact.to'), value: wallet.address, code: true },
      { label: t('fact.amount'), value: shown },
    ],
    call: () => calls.mint(wallet.chain, wallet.address, amount),
  };
  return { title: step.title, steps: [step], done: t('faucet.done', { amount: shown }) };
}

/** Signs a mandate. What is sent to the coordinator is read back from what was signed. */
export function mandate(wallet: Wallet, wish: Mandate): Deed {
  const typed = mandateTyped(wish, wallet.chain);
  const step: Step = {
    kind: 'sign',
    title: t('mandate.sign'),
    allows: t('mandate.allows', {
      rate: exact(wish.rate_per_hour_max, wallet.chain.decimals),
      cap: units(wish.cap, wallet.chain),
    }),
    facts: factsOf(typed, wallet.chain),
    typed,
  };
  const finish = async (signatures: string[]) => {
    const body = { mandate: mandateOf(typed), signature: signatures[0] ?? '' };
    await taken(api.PUT('/v1/billing/mandate', { body }));
    await money.load();
  };
  return { title: t('mandate.sign'), steps: [step], finish, done: t('mandate.done') };
}

/** Ends a mandate on chain. Needs nobody. */
export function revoke(wallet: Wallet, wish: Mandate): Deed {
  const typed = mandateTyped(wish, wallet.chain);
  const step: Step = {
    kind: 'send',
    title: t('revoke.title'),
    allows: t('revoke.allows'),
    facts: factsOf(typed, wallet.chain),
    call: () => calls.revoke(wallet.chain, typed.message),
  };
  return { title: t('revoke.title'), steps: [step], finish: () => money.load(), done: t('revoke.done') };
}

function agreementFacts(wallet: Wallet, terms: Terms): Fact[] {
  return [
    { label: t('fact.agreement'), value: keyOf(terms), code: true },
    { label: t('fact.provider'), value: terms.provider, code: true },
    contract(wallet.chain),
  ];
}

/** Asks for an agreement's end, on chain. */
export function requestClose(wallet: Wallet, terms: Terms): Deed {
  const step: Step = {
    kind: 'send',
    title: t('exit.end_title'),
    allows: t('exit.end_allows'),
    facts: agreementFacts(wallet, terms),
    call: () => calls.requestClose(wallet.chain, terms),
  };
  return { title: step.title, steps: [step], done: t('exit.end_done') };
}

/** Takes back what an ended agreement did not use. */
export function close(wallet: Wallet, terms: Terms, rest: bigint): Deed {
  const shown = units(rest.toString(), wallet.chain);
  const step: Step = {
    kind: 'send',
    title: t('exit.close_title', { amount: shown }),
    allows: t('exit.close_allows', { amount: shown }),
    facts: agreementFacts(wallet, terms),
    call: () => calls.close(wallet.chain, [terms]),
  };
  return { title: step.title, steps: [step], done: t('exit.close_done', { amount: shown }) };
}
