// A wallet for tests: an EIP-1193 provider in the page, backed by the accounts of a development node. It announces itself
// by EIP-6963, and can say no, be on another chain, or change its account.

/** Puts the wallet into every page of a context. */
export async function giveWallet(context, { rpc, address, chain = '0x1' }) {
  await context.addInitScript(
    ({ rpc, address, chain }) => {
      const listeners = {};
      const state = { rejects: false, lies: false, chain, address, signed: [] };
      const refuse = (code, message) => Promise.reject(Object.assign(new Error(message), { code }));
      let id = 0;
      const node = async (method, params) => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: (id += 1), method, params });
        const answer = await fetch(rpc, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
        const { result, error } = await answer.json();
        return error ? refuse(error.code, error.message) : result;
      };
      const asks = ['eth_sendTransaction', 'eth_signTypedData_v4', 'personal_sign'];
      const provider = {
        request({ method, params = [] }) {
          if (method === 'eth_requestAccounts' || method === 'eth_accounts') return Promise.resolve([state.address]);
          if (method === 'eth_chainId') return Promise.resolve(state.lies ? 'http://lies' : state.chain);
          if (method === 'wallet_switchEthereumChain') {
            state.chain = params[0].chainId;
            listeners.chainChanged?.(state.chain);
            return Promise.resolve(null);
          }
          if (asks.includes(method) && state.rejects) return refuse(4001, 'User rejected the request.');
          if (method === 'eth_signTypedData_v4') {
            state.signed.push(params[1]);
            return node(method, [params[0], JSON.parse(params[1])]);
          }
          return node(method, params);
        },
        on: (event, listener) => (listeners[event] = listener),
        removeListener: (event) => delete listeners[event],
      };
      window.testWallet = state;
      const detail = Object.freeze({
        info: { uuid: 'test', name: 'Test\u202e wallet', icon: 'http://evil/x' },
        provider,
      });
      const announce = () => window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
      window.addEventListener('eip6963:requestProvider', announce);
    },
    { rpc, address, chain },
  );
}
