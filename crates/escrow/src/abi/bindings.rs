//! The contracts' interfaces in Solidity's own words; the bindings are generated from them.
// The generated items have no docs of their own; the words above each group say what they are.
#![allow(missing_docs, clippy::too_many_arguments)]

use alloy_sol_types::sol;

sol! {
    /// The escrow: functions, events and errors.
    #[derive(Debug, PartialEq, Eq)]
    contract TtalkakEscrow {
        struct Terms { address tenant; address provider; address token; uint96 ratePerHour; uint40 start; uint40 expiry; uint64 salt; }
        struct Mandate { address tenant; address token; uint96 ratePerHourMax; uint96 cap; uint40 period; uint40 start; uint40 expiry; uint64 salt; }

        event Deposited(address indexed who, address indexed token, uint256 amount);
        event Withdrawn(address indexed who, address indexed token, uint256 amount);
        event Opened(bytes32 indexed agreement, address indexed tenant, address indexed provider, address token, uint96 cap, bytes32 mandate);
        event Claimed(bytes32 indexed agreement, uint256 cumulative);
        event Closing(bytes32 indexed agreement, uint256 endedAt);
        event Closed(bytes32 indexed agreement, uint256 refund);
        event Settled(uint64 indexed batch, address indexed token, uint256 gross, uint256 fee);
        event ProviderPaid(address indexed provider, address indexed token, uint256 net, bool pushed);
        event Paid(address indexed who, address indexed token, uint256 amount);
        event MandateRevoked(bytes32 indexed mandate);
        event MeterProposed(address meter, uint256 at);
        event MeterChanged(address meter);
        event Paused(bool paused);

        constructor(address meter, address guardian, address feeTo, uint16 feeBps);
        function deposit(address token, uint256 amount) external payable;
        function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
        function depositWithPermitFor(address owner, address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
        function depositWithAuthorization(address from, address token, uint256 amount, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function withdraw(address token, uint256 amount) external;
        function open(Terms terms, uint96 cap, bytes sig) external;
        function openMany(Terms[] terms, uint96[] caps, bytes[] sigs) external;
        function openUnder(Terms[] terms, uint96[] caps, Mandate[] mandates, bytes[] sigs) external;
        function revoke(Mandate mandate) external;
        function settleFlat(uint64 batch, address token, uint256[] words) external;
        function claim(Terms[] terms, uint96[] cumulative, bytes[] sigs, bool pay) external;
        function requestClose(Terms terms) external;
        function close(Terms[] terms, uint96[] cumulative, bytes[] sigs) external;
        function payout(address[] payees, address token) external;
        function proposeMeter(address next) external;
        function acceptMeter() external;
        function pause(bool on) external;

        function agreements(bytes32 id) external view returns (uint96 cap, uint96 claimed, uint40 endedAt);
        function free(address who, address token) external view returns (uint256);
        function credit(address who, address token) external view returns (uint256);
        function lastBatch() external view returns (uint64);
        function meter() external view returns (address);
        function previousMeter() external view returns (address);
        function feeBps() external view returns (uint16);
        function feeTo() external view returns (address);
        function guardian() external view returns (address);
        function termsId(Terms terms) external pure returns (bytes32);
        function mandateId(Mandate mandate) external pure returns (bytes32);
        function mandates(bytes32 id) external view returns (uint96 used, uint40 window, bool accepted, bool revoked);
        function paused() external view returns (bool);
        function previousMeterUntil() external view returns (uint40);
        function nextMeter() external view returns (address);
        function nextMeterAt() external view returns (uint40);
        function NOTICE() external view returns (uint256);
        function ROTATION_DELAY() external view returns (uint256);
        function BACKDATE_MAX() external view returns (uint256);
        function eip712Domain() external view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions);
        event EIP712DomainChanged();

        error FeeTooHigh();
        error ZeroAddress();
        error NotMeter();
        error NotGuardian();
        error NotParty();
        error IsPaused();
        error WrongValue();
        error NothingArrived();
        error Insufficient(address who);
        error PermitUnused();
        error BadSignature();
        error LengthMismatch();
        error Unknown(bytes32 agreement);
        error NotHigher(bytes32 agreement);
        error Ended(bytes32 agreement);
        error Expired(bytes32 agreement);
        error OverBound(bytes32 agreement);
        error OutsideMandate(bytes32 mandate);
        error MandateOver(bytes32 mandate);
        error MandateExhausted(bytes32 mandate);
        error BadBatch(uint64 expected);
        error TooEarly();
        error NotPaid(address who);
        error ReentrancyGuardReentrantCall();
        error SafeERC20FailedOperation(address token);
        error InvalidShortString();
        error StringTooLong(string str);
    }
}

sol! {
    /// The development token: ERC-20 with permits, authorisations and a mint that is open to all.
    #[derive(Debug, PartialEq, Eq)]
    contract DevToken {
        event Transfer(address indexed from, address indexed to, uint256 value);
        event Approval(address indexed owner, address indexed spender, uint256 value);
        event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
        event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);
        event EIP712DomainChanged();

        constructor();
        function name() external view returns (string);
        function symbol() external view returns (string);
        function decimals() external view returns (uint8);
        function balanceOf(address account) external view returns (uint256);
        function allowance(address owner, address spender) external view returns (uint256);
        function nonces(address owner) external view returns (uint256);
        function DOMAIN_SEPARATOR() external view returns (bytes32);
        function transfer(address to, uint256 value) external returns (bool);
        function approve(address spender, uint256 value) external returns (bool);
        function mint(address to, uint256 amount) external;
        function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
        function receiveWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function totalSupply() external view returns (uint256);
        function transferFrom(address from, address to, uint256 value) external returns (bool);
        function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;
        function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
        function eip712Domain() external view returns (bytes1 fields, string name, string version, uint256 chainId, address verifyingContract, bytes32 salt, uint256[] extensions);

        error ECDSAInvalidSignature();
        error ECDSAInvalidSignatureLength(uint256 length);
        error ECDSAInvalidSignatureS(bytes32 s);
        error ERC20InsufficientAllowance(address spender, uint256 allowance, uint256 needed);
        error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed);
        error ERC20InvalidApprover(address approver);
        error ERC20InvalidReceiver(address receiver);
        error ERC20InvalidSender(address sender);
        error ERC20InvalidSpender(address spender);
        error ERC2612ExpiredSignature(uint256 deadline);
        error ERC2612InvalidSigner(address signer, address owner);
        error ERC3009InvalidAuthorizationTime(uint256 validAfter, uint256 validBefore);
        error ERC3009InvalidSignature();
        error ERC3009UsedAuthorization(address authorizer, bytes32 nonce);
        error InvalidAccountNonce(address account, uint256 currentNonce);
        error InvalidShortString();
        error SafeCastOverflowedUintDowncast(uint8 bits, uint256 value);
        error StringTooLong(string str);
    }
}
