// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {EscrowNews} from "./EscrowNews.sol";

/// @title How money comes in and goes out, and whose it is while it backs nothing.
/// @dev Every function that is open to strangers holds the one lock against re-entering.
abstract contract Purse is ReentrancyGuardTransient, EscrowNews {
    using SafeERC20 for IERC20;

    /// Gas for paying one provider within a batch: enough for every token in use, and an end for those that burn it.
    uint256 private constant PUSH_GAS_TOKEN = 120_000;
    uint256 private constant PUSH_GAS_COIN = 30_000;

    /// Replaces the meter and pauses; touches no money.
    address public immutable guardian;
    /// Whether deposits and opens are stopped; nothing else ever is.
    bool public paused;

    /// A tenant's money that backs nothing yet, by token.
    mapping(address who => mapping(address token => uint256)) public free;
    /// Earned and not paid out yet, by token.
    mapping(address who => mapping(address token => uint256)) public credit;

    modifier onlyGuardian() {
        if (msg.sender != guardian) revert NotGuardian();
        _;
    }

    modifier whenRunning() {
        if (paused) revert IsPaused();
        _;
    }

    constructor(address guardian_) {
        guardian = guardian_;
    }

    // ---- money in, and the tenant's free money out -----------------------------------------------------------

    /// @notice Adds to the sender's free balance what really arrives. For token 0 send exactly `amount` along.
    function deposit(address token, uint256 amount) external payable nonReentrant whenRunning {
        if (token != address(0)) {
            if (msg.value != 0) revert WrongValue();
            _pull(msg.sender, token, amount);
        } else {
            if (msg.value != amount) revert WrongValue();
            _credit(msg.sender, token, amount);
        }
    }

    /// @notice Deposits the sender's tokens with an EIP-2612 permit in the same transaction.
    /// @dev Someone may have used the permit first; then the allowance stands and the deposit goes on.
    function depositWithPermit(address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant whenRunning {
        try IERC20Permit(token).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _pull(msg.sender, token, amount);
    }

    /// @notice The same for `owner`, relayed by anyone: the permit must be used here and now.
    /// @dev The nonce is watched: a token that swallows unknown calls would else let a stranger spend a standing allowance.
    function depositWithPermitFor(address owner, address token, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant whenRunning {
        uint256 nonce = IERC20Permit(token).nonces(owner);
        IERC20Permit(token).permit(owner, address(this), amount, deadline, v, r, s);
        if (IERC20Permit(token).nonces(owner) != nonce + 1) revert PermitUnused();
        _pull(owner, token, amount);
    }

    /// @notice Deposits for `from` by an EIP-3009 authorization made out to this contract, relayed by anyone.
    function depositWithAuthorization(address from, address token, uint256 amount, uint256 validAfter, uint256 validBefore, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external nonReentrant whenRunning {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC3009(token).receiveWithAuthorization(from, address(this), amount, validAfter, validBefore, nonce, v, r, s);
        _credit(from, token, IERC20(token).balanceOf(address(this)) - before);
    }

    /// @notice Sends free balance to its owner, at once: it backs nothing.
    function withdraw(address token, uint256 amount) external nonReentrant {
        _take(msg.sender, token, amount);
        emit Withdrawn(msg.sender, token, amount);
        _send(token, msg.sender, amount);
    }

    /// @notice Sends each payee its credit. All or nothing: leave out a payee that refuses.
    function payout(address[] calldata payees, address token) external nonReentrant {
        for (uint256 i; i < payees.length; ++i) _send(token, payees[i], _takeCredit(payees[i], token));
    }

    /// @notice Stops or resumes deposits and opens. Claims, closes, withdrawals and payouts cannot be stopped.
    function pause(bool paused_) external onlyGuardian {
        paused = paused_;
        emit Paused(paused_);
    }

    // ---- within ----------------------------------------------------------------------------------------------

    /// Credits `who` with what arrives when the tokens are pulled from them.
    function _pull(address who, address token, uint256 amount) internal {
        uint256 before = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(who, address(this), amount);
        _credit(who, token, IERC20(token).balanceOf(address(this)) - before);
    }

    function _credit(address who, address token, uint256 amount) internal {
        if (amount == 0) revert NothingArrived();
        free[who][token] += amount;
        emit Deposited(who, token, amount);
    }

    function _take(address who, address token, uint256 amount) internal {
        uint256 balance = free[who][token];
        if (balance < amount) revert Insufficient(who);
        unchecked { free[who][token] = balance - amount; }
    }

    /// A batch's payment: sent when wished and possible, else credit.
    function _pay(address token, address provider, uint256 net, bool push) internal {
        bool pushed = push && _push(token, provider, net);
        if (!pushed) credit[provider][token] += net;
        emit ProviderPaid(provider, token, net, pushed);
    }

    /// A claim's payment: sent with earlier credit, or added to it.
    function _earn(address token, address provider, uint256 net, bool pay) internal {
        if (net != 0) emit ProviderPaid(provider, token, net, pay);
        if (pay) _send(token, provider, net + _takeCredit(provider, token));
        else if (net != 0) credit[provider][token] += net;
    }

    function _takeCredit(address who, address token) internal returns (uint256 amount) {
        amount = credit[who][token];
        if (amount == 0) return 0;
        credit[who][token] = 0;
        emit Paid(who, token, amount);
    }

    function _send(address token, address to, uint256 amount) internal {
        if (amount == 0) return;
        if (token != address(0)) {
            IERC20(token).safeTransfer(to, amount);
        } else {
            (bool ok,) = to.call{value: amount}("");
            if (!ok) revert NotPaid(to);
        }
    }

    /// Tries to pay with bounded gas, and reads at most one word of the answer: neither a payee that refuses, nor one
    /// that burns gas or answers at length, nor a token that froze it, stops the batch.
    function _push(address token, address to, uint256 amount) internal returns (bool ok) {
        if (token == address(0)) {
            assembly ("memory-safe") { ok := call(PUSH_GAS_COIN, to, amount, 0, 0, 0, 0) }
            return ok;
        }
        bytes memory call_ = abi.encodeCall(IERC20.transfer, (to, amount));
        assembly ("memory-safe") {
            mstore(0, 0)
            ok := call(PUSH_GAS_TOKEN, token, 0, add(call_, 32), mload(call_), 0, 32)
            // A token answers true, or nothing at all; no code answers nothing too.
            switch returndatasize()
            case 0 { ok := and(ok, gt(extcodesize(token), 0)) }
            default { ok := and(ok, and(gt(returndatasize(), 31), eq(mload(0), 1))) }
        }
    }
}
