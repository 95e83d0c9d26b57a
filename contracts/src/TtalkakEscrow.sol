// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Purse} from "./Purse.sol";
import {Signed} from "./Signed.sol";

/// @title Locked caps, cumulative vouchers, batched settlement.
/// @notice A tenant deposits, locks a cap per agreement, and a provider earns up to it: never more than the cap, never
/// more than the hourly rate times the time that has passed. Tenant and provider can each leave without the
/// coordinator. There is no proxy, no upgrade and no way for anyone to withdraw what is another's.
/// @dev Amounts are base units of the token; token 0 is the chain's own coin. Which tokens are sound is decided off
/// chain: one that rebases, or debits its sender more than was asked, hurts the holders of that token alone.
contract TtalkakEscrow is Purse, Signed {
    /// What a tenant and a provider agree on. Its EIP-712 struct hash is the agreement's id.
    struct Terms { address tenant; address provider; address token; uint96 ratePerHour; uint40 start; uint40 expiry; uint64 salt; }
    /// A tenant's standing permission for the meter to open agreements. `period` 0: `cap` is for all time; else per so many seconds.
    struct Mandate { address tenant; address token; uint96 ratePerHourMax; uint96 cap; uint40 period; uint40 start; uint40 expiry; uint64 salt; }
    /// One storage slot. `endedAt`: when an end was asked for, 0 before; time stops counting there. `closed`: the rest went back.
    struct Agreement { uint96 cap; uint96 claimed; uint40 endedAt; bool closed; }
    /// One storage slot. `used`: locked under the mandate within the period numbered `window`; `accepted`: signature was seen.
    struct MandateUse { uint96 used; uint40 window; bool accepted; bool revoked; }

    bytes32 private constant TERMS = keccak256("Terms(address tenant,address provider,address token,uint96 ratePerHour,uint40 start,uint40 expiry,uint64 salt)");
    bytes32 private constant LOCK = keccak256("Lock(bytes32 agreement,uint96 cap)");
    bytes32 private constant MANDATE = keccak256("Mandate(address tenant,address token,uint96 ratePerHourMax,uint96 cap,uint40 period,uint40 start,uint40 expiry,uint64 salt)");
    bytes32 private constant VOUCHER = keccak256("Voucher(bytes32 agreement,uint96 cumulative)");
    bytes32 private constant CLOSE = keccak256("Close(bytes32 agreement,uint96 cumulative)");

    /// How long a provider may still redeem vouchers after an end was asked for, after expiry, or after a meter was replaced.
    uint256 public constant NOTICE = 1 days;
    /// How long a new meter stands announced; longer than NOTICE, so that whoever distrusts it is out before it comes.
    uint256 public constant ROTATION_DELAY = 2 days;
    /// How far in the past an agreement under a mandate may start: a stolen meter key cannot sell years gone by.
    uint256 public constant BACKDATE_MAX = 1 hours;
    uint256 private constant FEE_BPS_MAX = 1_000;
    /// In the header word of a batch; the bits below it count the agreements that follow.
    uint256 private constant PUSH_FLAG = 1 << 95;
    /// Whose credit the fee goes to, and its share of what providers earn, in 1/10000.
    address public immutable feeTo;
    uint16 public immutable feeBps;

    // Read and written together by every batch: one slot.
    /// Signs vouchers, settles batches, opens under mandates.
    address public meter;
    /// Number of the last batch settled.
    uint64 public lastBatch;
    /// The meter before this one; its vouchers hold until `previousMeterUntil`.
    address public previousMeter;
    uint40 public previousMeterUntil;
    /// The meter announced, and when it may take over.
    address public nextMeter;
    uint40 public nextMeterAt;

    mapping(bytes32 id => Agreement) private _agreements;
    mapping(bytes32 id => MandateUse) private _mandates;

    modifier onlyMeter() {
        if (msg.sender != meter) revert NotMeter();
        _;
    }

    /// @param guardian_ 0 when nobody shall ever replace the meter or pause.
    constructor(address meter_, address guardian_, address feeTo_, uint16 feeBps_) Purse(guardian_) EIP712("TtalkakEscrow", "1") {
        if (feeBps_ > FEE_BPS_MAX) revert FeeTooHigh();
        if (meter_ == address(0) || feeTo_ == address(0)) revert ZeroAddress();
        meter = meter_;
        feeTo = feeTo_;
        feeBps = feeBps_;
    }

    // ---- agreements ------------------------------------------------------------------------------------------

    /// @notice Opens an agreement or raises its cap. The tenant sends it, or has signed `Lock(id, cap)`.
    function open(Terms calldata terms, uint96 cap, bytes calldata sig) external nonReentrant whenRunning {
        bytes32 id = termsId(terms);
        if (!_openSigned(id, terms, cap, sig)) revert NotHigher(id);
    }

    /// @notice The same for many. What stands at this cap or above already is left alone, so that nobody can block the
    /// others by submitting one of them first.
    function openMany(Terms[] calldata terms, uint96[] calldata caps, bytes[] calldata sigs) external nonReentrant whenRunning {
        if (caps.length != terms.length || sigs.length != terms.length) revert LengthMismatch();
        for (uint256 i; i < terms.length; ++i) _openSigned(termsId(terms[i]), terms[i], caps[i], sigs[i]);
    }

    /// @notice Opens or raises many under the tenants' mandates. A signature is needed at a mandate's first use only.
    function openUnder(Terms[] calldata terms, uint96[] calldata caps, Mandate[] calldata mandates_, bytes[] calldata sigs) external nonReentrant onlyMeter whenRunning {
        if (caps.length != terms.length || mandates_.length != terms.length || sigs.length != terms.length) revert LengthMismatch();
        for (uint256 i; i < terms.length; ++i) {
            bytes32 id = termsId(terms[i]);
            uint96 old = _agreements[id].cap;
            if (caps[i] <= old) continue;
            bytes32 mandate = _useMandate(terms[i], mandates_[i], sigs[i], old == 0, caps[i] - old);
            _raise(id, terms[i], caps[i], mandate);
        }
    }

    /// @notice Ends a mandate for all further opens and raises. What is open stays, see `requestClose`.
    function revoke(Mandate calldata mandate) external {
        if (msg.sender != mandate.tenant) revert NotParty();
        bytes32 id = mandateId(mandate);
        _mandates[id].revoked = true;
        emit MandateRevoked(id);
    }

    /// @notice Asks for the end: from now no more is earned, and after NOTICE the rest is the tenant's.
    /// @dev A tenant may also end what was never opened: that calls back a `Lock` that somebody still holds.
    function requestClose(Terms calldata terms) external nonReentrant {
        if (msg.sender != terms.tenant && msg.sender != meter) revert NotParty();
        bytes32 id = termsId(terms);
        Agreement storage agreement = _agreements[id];
        if (agreement.cap == 0 && msg.sender != terms.tenant) revert Unknown(id);
        if (agreement.endedAt != 0) revert Ended(id);
        agreement.endedAt = uint40(block.timestamp);
        emit Closing(id, block.timestamp);
    }

    /// @notice Gives the rest of each cap back to its tenant: after the notice, or when the provider is content.
    /// @param cumulative the total of each provider's `Close` signature; ignored where none is needed.
    function close(Terms[] calldata terms, uint96[] calldata cumulative, bytes[] calldata providerSigs) external nonReentrant {
        if (cumulative.length != terms.length || providerSigs.length != terms.length) revert LengthMismatch();
        for (uint256 i; i < terms.length; ++i) {
            bytes32 id = termsId(terms[i]);
            Agreement storage agreement = _agreements[id];
            if (agreement.closed) continue;
            if (agreement.cap == 0) revert Unknown(id);
            if (!_noticeIsOver(terms[i], agreement) && msg.sender != terms[i].provider) {
                if (agreement.claimed < cumulative[i]) revert TooEarly();
                _requireSigned(terms[i].provider, keccak256(abi.encode(CLOSE, id, cumulative[i])), providerSigs[i]);
            }
            uint256 rest = agreement.cap - agreement.claimed;
            agreement.cap = agreement.claimed;
            agreement.closed = true;
            if (agreement.endedAt == 0) agreement.endedAt = uint40(block.timestamp);
            free[terms[i].tenant][terms[i].token] += rest;
            emit Closed(id, rest);
        }
    }

    // ---- earnings --------------------------------------------------------------------------------------------

    /// @notice Settles many agreements of many providers in one token.
    /// @param words per provider a header, provider(160) << 96 | pay directly(1) << 95 | count, then per agreement two
    /// words: tenant(160) << 96 | ratePerHour(96), and end(1) << 255 | start(40) << 200 | expiry(40) << 160 |
    /// salt(64) << 96 | cumulative(96).
    /// @dev What was settled before moves nothing, so a total may be sent again. A payee that refuses gets credit.
    function settleFlat(uint64 batch, address token, uint256[] calldata words) external nonReentrant onlyMeter {
        if (batch != lastBatch + 1) revert BadBatch(lastBatch + 1);
        lastBatch = batch;
        uint256[8] memory terms; // laid out as EIP-712 encodes Terms, and used again for each
        terms[0] = uint256(TERMS);
        terms[3] = uint160(token);
        uint256 gross;
        uint256 fees;
        unchecked {
            // Amounts have 96 bits and counts 95, so no sum here can overflow; words beyond the end are refused.
            for (uint256 i; i < words.length; ) {
                uint256 header = words[i++];
                terms[2] = header >> 96;
                uint256 sum;
                for (uint256 end = i + 2 * (header & (PUSH_FLAG - 1)); i < end; i += 2) sum += _settleOne(terms, words[i], words[i + 1]);
                if (sum == 0) continue;
                uint256 fee = sum * feeBps / 10_000;
                gross += sum;
                fees += fee;
                _pay(token, address(uint160(header >> 96)), sum - fee, header & PUSH_FLAG != 0);
            }
        }
        if (fees != 0) credit[feeTo][token] += fees;
        emit Settled(batch, token, gross, fees);
    }

    /// @notice Redeems vouchers without the coordinator: signed by the meter, by the meter before it for NOTICE after
    /// the change, or by the tenant. Anyone may submit; the provider earns.
    /// @param pay whether to send the providers their earnings and earlier credit, or to leave them as credit.
    function claim(Terms[] calldata terms, uint96[] calldata cumulative, bytes[] calldata sigs, bool pay) external nonReentrant {
        if (cumulative.length != terms.length || sigs.length != terms.length) revert LengthMismatch();
        uint256[] memory nets = new uint256[](terms.length);
        for (uint256 i; i < terms.length; ++i) {
            bytes32 id = termsId(terms[i]);
            _requireVoucher(terms[i].tenant, keccak256(abi.encode(VOUCHER, id, cumulative[i])), sigs[i]);
            uint256 gross = _advance(id, terms[i].ratePerHour, terms[i].start, terms[i].expiry, cumulative[i], false);
            if (gross == 0) continue;
            uint256 fee = gross * feeBps / 10_000;
            if (fee != 0) credit[feeTo][terms[i].token] += fee;
            nets[i] = gross - fee;
            emit Claimed(id, cumulative[i]);
        }
        for (uint256 i; i < terms.length; ++i) {
            (address provider, address token) = (terms[i].provider, terms[i].token);
            // Neighbours with one payee and one token are paid as one.
            if (i + 1 < terms.length && terms[i + 1].provider == provider && terms[i + 1].token == token) {
                nets[i + 1] += nets[i];
                continue;
            }
            _earn(token, provider, nets[i], pay);
        }
    }

    // ---- the meter and the guardian --------------------------------------------------------------------------

    /// @notice Announces the next meter; 0 takes an announcement back.
    function proposeMeter(address next) external onlyGuardian {
        nextMeter = next;
        nextMeterAt = uint40(block.timestamp + ROTATION_DELAY);
        emit MeterProposed(next, nextMeterAt);
    }

    /// @notice Puts the announced meter in its place; anyone may, once the delay is over.
    function acceptMeter() external {
        if (nextMeter == address(0) || block.timestamp < nextMeterAt) revert TooEarly();
        previousMeter = meter;
        previousMeterUntil = uint40(block.timestamp + NOTICE);
        meter = nextMeter;
        nextMeter = address(0);
        emit MeterChanged(meter);
    }

    // ---- views -----------------------------------------------------------------------------------------------

    /// @notice An agreement's id: the EIP-712 struct hash of its terms.
    function termsId(Terms calldata terms) public pure returns (bytes32) {
        return keccak256(abi.encode(TERMS, terms));
    }

    /// @notice A mandate's id: its EIP-712 struct hash.
    function mandateId(Mandate calldata mandate) public pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE, mandate));
    }

    /// @notice Where an agreement stands; all 0 when it was never opened. After a close `cap` equals `claimed`.
    function agreements(bytes32 id) external view returns (uint96 cap, uint96 claimed, uint40 endedAt) {
        Agreement storage agreement = _agreements[id];
        return (agreement.cap, agreement.claimed, agreement.endedAt);
    }

    /// @notice How far a mandate is used: `used` within the period numbered `window`.
    function mandates(bytes32 id) external view returns (uint96 used, uint40 window, bool accepted, bool revoked) {
        MandateUse storage use = _mandates[id];
        return (use.used, use.window, use.accepted, use.revoked);
    }

    // ---- within ----------------------------------------------------------------------------------------------

    /// Opens or raises by the tenant's own will; false when it stands there already.
    function _openSigned(bytes32 id, Terms calldata terms, uint96 cap, bytes calldata sig) private returns (bool) {
        if (cap <= _agreements[id].cap) return false;
        if (msg.sender != terms.tenant) _requireSigned(terms.tenant, keccak256(abi.encode(LOCK, id, cap)), sig);
        _raise(id, terms, cap, 0);
        return true;
    }

    function _raise(bytes32 id, Terms calldata terms, uint96 cap, bytes32 mandate) private {
        Agreement storage agreement = _agreements[id];
        if (agreement.endedAt != 0) revert Ended(id);
        if (block.timestamp >= terms.expiry) revert Expired(id);
        _take(terms.tenant, terms.token, cap - agreement.cap);
        agreement.cap = cap;
        emit Opened(id, terms.tenant, terms.provider, terms.token, cap, mandate);
    }

    /// Counts `amount` against the mandate. Its cap is for what is locked: a rest that comes back is not given again.
    function _useMandate(Terms calldata terms, Mandate calldata mandate, bytes calldata sig, bool first, uint96 amount) private returns (bytes32 id) {
        id = mandateId(mandate);
        MandateUse storage use = _mandates[id];
        if (
            terms.tenant != mandate.tenant || terms.token != mandate.token || terms.ratePerHour > mandate.ratePerHourMax
                || terms.start < mandate.start || terms.expiry > mandate.expiry
                || (first && terms.start + BACKDATE_MAX < block.timestamp)
        ) revert OutsideMandate(id);
        if (use.revoked || block.timestamp < mandate.start || block.timestamp >= mandate.expiry) revert MandateOver(id);
        if (!use.accepted) {
            _requireSigned(mandate.tenant, id, sig);
            use.accepted = true;
        }
        uint40 window = mandate.period == 0 ? 0 : uint40((block.timestamp - mandate.start) / mandate.period);
        uint256 used = uint256(window == use.window ? use.used : 0) + amount;
        if (used > mandate.cap) revert MandateExhausted(id);
        use.used = uint96(used);
        use.window = window;
    }

    /// One pair of words of a batch. `terms` holds the type hash, the provider and the token.
    function _settleOne(uint256[8] memory terms, uint256 a, uint256 b) private returns (uint256) {
        terms[1] = a >> 96;
        terms[4] = uint96(a);
        terms[5] = uint40(b >> 200);
        terms[6] = uint40(b >> 160);
        terms[7] = uint64(b >> 96);
        bytes32 id;
        assembly ("memory-safe") { id := keccak256(terms, 256) }
        return _advance(id, terms[4], terms[5], terms[6], uint96(b), b >> 255 != 0);
    }

    /// Moves what an agreement has paid up to `cumulative` and returns the difference. Every payment passes here.
    /// What is stale, or closed, moves nothing: neither can block the others of its batch.
    function _advance(bytes32 id, uint256 rate, uint256 start, uint256 expiry, uint256 cumulative, bool ending) private returns (uint256 gross) {
        Agreement storage agreement = _agreements[id];
        (uint256 cap, uint256 claimed, uint256 endedAt) = (agreement.cap, agreement.claimed, agreement.endedAt);
        if (agreement.closed) return 0;
        if (cumulative > claimed) {
            uint256 end = block.timestamp < expiry ? block.timestamp : expiry;
            if (endedAt != 0 && endedAt < end) end = endedAt;
            unchecked {
                // Amounts have 96 bits and times 40, so nothing here can overflow.
                if (cumulative > cap || end < start || cumulative * 1 hours > rate * (end - start)) revert OverBound(id);
                gross = cumulative - claimed;
            }
            agreement.claimed = uint96(cumulative);
        }
        if (ending && endedAt == 0 && cap != 0) {
            agreement.endedAt = uint40(block.timestamp);
            emit Closing(id, block.timestamp);
        }
    }

    function _noticeIsOver(Terms calldata terms, Agreement storage agreement) private view returns (bool) {
        uint256 end = agreement.endedAt;
        if (end == 0 || terms.expiry < end) end = terms.expiry;
        return block.timestamp >= end + NOTICE;
    }

    function _requireVoucher(address tenant, bytes32 structHash, bytes calldata sig) private view {
        (bytes32 digest, address signer) = _recover(structHash, sig);
        if (signer != address(0)) {
            if (signer == meter || signer == tenant) return;
            if (signer == previousMeter && block.timestamp < previousMeterUntil) return;
        }
        if (!_contractSigned(tenant, digest, sig)) revert BadSignature();
    }
}
