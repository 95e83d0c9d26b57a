// The calls of escrow and token that a tenant makes. A test holds them against the compiled contract.
import { parseAbi } from 'viem';

const terms =
  'struct Terms { address tenant; address provider; address token; uint96 ratePerHour; uint40 start; uint40 expiry; uint64 salt; }';
const mandate =
  'struct Mandate { address tenant; address token; uint96 ratePerHourMax; uint96 cap; uint40 period; uint40 start; uint40 expiry; uint64 salt; }';

export const escrowAbi = parseAbi([
  terms,
  mandate,
  'function deposit(address token, uint256 amount) payable',
  'function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)',
  'function withdraw(address token, uint256 amount)',
  'function revoke(Mandate mandate)',
  'function open(Terms terms, uint96 cap, bytes sig)',
  'function openMany(Terms[] terms, uint96[] caps, bytes[] sigs)',
  'function openUnder(Terms[] terms, uint96[] caps, Mandate[] mandates_, bytes[] sigs)',
  'function requestClose(Terms terms)',
  'function close(Terms[] terms, uint96[] cumulative, bytes[] providerSigs)',
  'function free(address who, address token) view returns (uint256)',
  'function agreements(bytes32 id) view returns (uint96 cap, uint96 claimed, uint40 endedAt)',
  'function meter() view returns (address)',
  'function NOTICE() view returns (uint256)',
  'event Opened(bytes32 indexed agreement, address indexed tenant, address indexed provider, address token, uint96 cap, bytes32 mandate)',
  'error IsPaused()',
  'error WrongValue()',
  'error NothingArrived()',
  'error Insufficient(address who)',
  'error BadSignature()',
  'error NotParty()',
  'error Unknown(bytes32 agreement)',
  'error NotHigher(bytes32 agreement)',
  'error Ended(bytes32 agreement)',
  'error Expired(bytes32 agreement)',
  'error TooEarly()',
]);

export const tokenAbi = parseAbi([
  'function name() view returns (string)',
  'function symbol() view returns (string)',
  'function decimals() view returns (uint8)',
  'function balanceOf(address account) view returns (uint256)',
  'function allowance(address owner, address spender) view returns (uint256)',
  'function nonces(address owner) view returns (uint256)',
  'function DOMAIN_SEPARATOR() view returns (bytes32)',
  'function approve(address spender, uint256 value) returns (bool)',
  'function mint(address to, uint256 amount)',
]);
