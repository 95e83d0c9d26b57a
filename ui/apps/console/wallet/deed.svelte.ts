// One deed of the wallet: steps that sign or send, each shown before it is asked for, then followed to its end. The
// account and the chain are looked at again before each step: who changes them has agreed to nothing.
import type { ProblemText } from '$lib/i18n';
import type { Hex } from 'viem';
import { getBalance, waitForTransactionReceipt } from 'viem/actions';
import { Failure, type ChainView } from '../client';
import { chainFault, feeMax, type Call } from './chain';
import type { Fact } from './facts';
import { account, ask, chainId, sentHash, signature, WALLET_CHANGED } from './provider';
import type { Typed } from './typed';
import type { Wallet } from './wallet.svelte';

export interface Step {
  kind: 'sign' | 'text' | 'send';
  title: string;
  /** What it permits at most, in a sentence. */
  allows: string;
  facts: Fact[];
  /** For `sign`: this very object is shown and signed. */
  typed?: Typed;
  /** For `text`: this very text is shown and signed. */
  text?: string;
  /** For `send`: made when its turn comes, of what was signed before. */
  call?: (signatures: string[]) => Call;
}

export interface Deed {
  title: string;
  /** What the button of the last step says. */
  steps: Step[];
  /** After the last step; gets all signatures. */
  finish?: (signatures: string[]) => Promise<void>;
  done: string;
}

export type Phase = 'ready' | 'asking' | 'mining' | 'finishing' | 'done' | 'failed';
const PATIENCE_MS = 180_000;

const told = (code: string, message: string, next: string): ProblemText => ({ code, message, next });
const fates: Record<string, ProblemText> = {
  cancelled: told(
    'transaction_cancelled',
    'The transaction was taken back in the wallet.',
    'No money moved but a fee.',
  ),
  replaced: told(
    'transaction_replaced',
    'Another transaction took its place.',
    'Look at your balance before you send it again.',
  ),
  reverted: told('transaction_failed', 'The transaction failed on chain.', 'It moved no money but its fee. Try again.'),
  waiting: told(
    'transaction_waiting',
    'The transaction is not in a block yet.',
    'It may still come in: look at your balance before you send it again.',
  ),
};

/** A deed under way. */
export class Run {
  at = $state(0);
  phase = $state<Phase>('ready');
  problem = $state.raw<ProblemText>();
  /** At most, in wei; of the step at hand when it sends. */
  fee = $state.raw<bigint>();
  hash = $state.raw<Hex>();
  #signatures: string[] = [];
  #call: Call | undefined;

  constructor(
    readonly deed: Deed,
    readonly wallet: Wallet,
    readonly chain: ChainView,
  ) {
    void this.#prepare();
  }

  get step(): Step | undefined {
    return this.deed.steps[this.at];
  }

  /** The person said yes to what is shown. */
  async go(): Promise<void> {
    const step = this.step;
    if (!step || this.phase === 'asking' || this.phase === 'mining') return;
    this.problem = undefined;
    this.phase = 'asking';
    try {
      await this.#same();
      if (step.kind === 'send') await this.#send();
      else this.#signatures.push(await this.#sign(step));
      await this.#next();
    } catch (thrown) {
      this.problem = chainFault(thrown).problem;
      this.phase = 'failed';
    }
  }

  async #next(): Promise<void> {
    this.at += 1;
    if (this.step) {
      this.phase = 'ready';
      return this.#prepare();
    }
    this.phase = 'finishing';
    await this.deed.finish?.(this.#signatures);
    this.phase = 'done';
    await this.wallet.refresh();
  }

  /** Makes the call of the step at hand and asks what it costs. */
  async #prepare(): Promise<void> {
    const step = this.step;
    this.fee = undefined;
    this.#call = undefined;
    if (step?.kind !== 'send' || !step.call) return;
    try {
      const call = step.call(this.#signatures);
      const [fee, coin] = await Promise.all([
        feeMax(this.wallet.client, this.wallet.address, call),
        getBalance(this.wallet.client, { address: this.wallet.address }),
      ]);
      this.#call = call;
      this.fee = fee;
      if (coin < fee + call.value)
        throw new Failure(
          told('gas_insufficient', 'The wallet has too little of the chain’s coin for the fee.', 'Bring some to it.'),
        );
    } catch (thrown) {
      this.problem = chainFault(thrown).problem;
      this.phase = 'failed';
    }
  }

  async #same(): Promise<void> {
    const { provider, address } = this.wallet;
    const now = await account(provider, false);
    const chain = await chainId(provider);
    if (now !== address || chain !== this.chain.domain.chain_id) throw new Failure(WALLET_CHANGED);
  }

  async #sign(step: Step): Promise<string> {
    const { provider, address } = this.wallet;
    const made =
      step.kind === 'sign'
        ? ask(provider, 'eth_signTypedData_v4', [address, JSON.stringify(step.typed)])
        : ask(provider, 'personal_sign', [hexOf(step.text ?? ''), address]);
    return signature(await made);
  }

  async #send(): Promise<void> {
    if (!this.#call) await this.#prepare();
    const call = this.#call;
    if (!call) throw new Failure(this.problem ?? fates['reverted'] ?? WALLET_CHANGED);
    const { provider, address, client } = this.wallet;
    const value = `0x${call.value.toString(16)}`;
    const wished = { from: address, to: call.to, data: call.data, value };
    const hash = sentHash(await ask(provider, 'eth_sendTransaction', [wished])) as Hex;
    this.hash = hash;
    this.phase = 'mining';
    let fate: string | undefined;
    const receipt = await waitForTransactionReceipt(client, {
      hash,
      timeout: PATIENCE_MS,
      onReplaced: ({ reason, transaction }) => {
        this.hash = transaction.hash;
        // A higher fee for the same call is the same deed.
        if (reason !== 'repriced') fate = reason;
      },
    }).catch(() => undefined);
    if (!receipt) fate ??= 'waiting';
    else if (receipt.status !== 'success') fate ??= 'reverted';
    const problem = fate === undefined ? undefined : fates[fate];
    if (problem) throw new Failure(problem);
  }
}

function hexOf(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
