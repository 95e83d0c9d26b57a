// The connected wallet: which account on which chain, what it holds, and whether chain and coordinator agree.
import type { ProblemText } from '$lib/i18n';
import type { Address, Client } from 'viem';
import type { ChainView } from '../client';
import { agree, chainFault, connect, holdings, type Holdings } from './chain';
import { account, chainId, goToChain, type Found, type Provider } from './provider';

export class Wallet {
  holdings = $state.raw<Holdings>();
  problem = $state.raw<ProblemText>();
  /** The wallet's own chain. */
  chainId = $state(0);
  /** Chain, contract, token and meter are what the coordinator says. */
  agreed = $state(false);
  readonly provider: Provider;
  readonly client: Client;

  private constructor(
    readonly found: Found,
    readonly address: Address,
    readonly chain: ChainView,
  ) {
    this.provider = found.provider;
    this.client = connect(chain, found.provider);
  }

  /** Connects; asks the person when `ask`. Absent when the wallet gives no account without being asked. */
  static async open(found: Found, chain: ChainView, asks: boolean): Promise<Wallet | undefined> {
    const address = await account(found.provider, asks);
    if (address === undefined) return undefined;
    const wallet = new Wallet(found, address as Address, chain);
    await wallet.refresh();
    return wallet;
  }

  get onChain(): boolean {
    return this.chainId === this.chain.domain.chain_id;
  }

  async refresh(): Promise<void> {
    try {
      this.chainId = await chainId(this.provider);
      if (!this.agreed && (this.chain.rpc_url || this.onChain)) {
        await agree(this.client, this.chain);
        this.agreed = true;
      }
      if (this.agreed) this.holdings = await holdings(this.client, this.chain, this.address);
      this.problem = undefined;
    } catch (thrown) {
      this.problem = chainFault(thrown).problem;
    }
  }

  async goToChain(): Promise<void> {
    const { domain, rpc_url } = this.chain;
    await goToChain(this.provider, domain.chain_id, rpc_url ?? undefined, `Ttalkak ${domain.chain_id}`);
    await this.refresh();
  }

  /** Hears of another account or chain. Returns how to stop. */
  hear(changed: (gone: boolean) => void): () => void {
    const accounts = (list: unknown) => {
      const first = Array.isArray(list) && typeof list[0] === 'string' ? list[0].toLowerCase() : undefined;
      changed(first !== this.address);
    };
    const chain = () => void this.refresh().then(() => changed(false));
    this.provider.on?.('accountsChanged', accounts);
    this.provider.on?.('chainChanged', chain);
    return () => {
      this.provider.removeListener?.('accountsChanged', accounts);
      this.provider.removeListener?.('chainChanged', chain);
    };
  }
}
