// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the escrow tells: its events, and its reasons to refuse.
interface EscrowNews {
    event Deposited(address indexed who, address indexed token, uint256 amount);
    event Withdrawn(address indexed who, address indexed token, uint256 amount);
    /// `cap`: the new one. `mandate`: 0 when the tenant locked it directly.
    event Opened(bytes32 indexed agreement, address indexed tenant, address indexed provider, address token, uint96 cap, bytes32 mandate);
    event Claimed(bytes32 indexed agreement, uint256 cumulative);
    event Closing(bytes32 indexed agreement, uint256 endedAt);
    event Closed(bytes32 indexed agreement, uint256 refund);
    event Settled(uint64 indexed batch, address indexed token, uint256 gross, uint256 fee);
    /// Earnings after the fee: sent at once (`pushed`) or added to the credit.
    event ProviderPaid(address indexed provider, address indexed token, uint256 net, bool pushed);
    /// Credit that was sent.
    event Paid(address indexed who, address indexed token, uint256 amount);
    event MandateRevoked(bytes32 indexed mandate);
    event MeterProposed(address meter, uint256 readyAt);
    event MeterChanged(address meter);
    event Paused(bool paused);

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
}
