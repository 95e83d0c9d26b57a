// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

/// What whole transactions cost: the 21,000 of each, calldata and refunds included. Each call of the escrow must be a
/// transaction of its own for that: run with `forge test --isolate`.
contract GasTest is Base {
    uint256 private constant CHUNK = 400;
    uint256 private constant TENANTS = 50;
    /// What one transaction may use since the Osaka hard fork (EIP-7825).
    uint256 private constant TRANSACTION_MAX = 16_777_216;

    uint256 private salt;

    function setUp() public {
        begin();
        for (uint256 i; i < TENANTS; ++i) fund(tenant(i), 1e15);
        salt = 0x1234_5678_0000_0000; // ids in use are random: their bytes are not zero
        // The fee account is in use.
        TtalkakEscrow.Terms memory t = opened(1, 1e9);
        vm.warp(T0 + 1 hours);
        settle(t, 1000, false, false);
    }

    event Used(string what, uint256 gas, uint256 most);

    /// `used` within the promise, and within 2 % of what it was when `measured` was written down.
    function bounded(string memory what, uint256 used, uint256 most, uint256 measured) internal {
        emit Used(what, used, most);
        check(used <= most, string.concat(what, ": above what is promised: ", text(used)));
        check(used * 100 <= measured * 102, string.concat(what, ": more than 2 % above ", text(measured), ": ", text(used)));
        check(used * 100 >= measured * 98, string.concat(what, ": 2 % below; write down the new figure: ", text(used)));
    }

    function gas() internal view returns (uint256) {
        return vm.lastCallGas().gasTotalUsed;
    }

    function tenantKey(uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("tenant", i % TENANTS))) % N;
    }

    function tenant(uint256 i) internal pure returns (address) {
        return vm.addr(tenantKey(i));
    }

    /// `count` agreements, sorted by their `providers`.
    function many(uint256 count, uint256 providers, string memory name) internal returns (TtalkakEscrow.Terms[] memory all) {
        all = new TtalkakEscrow.Terms[](count);
        for (uint256 i; i < count; ++i) {
            address provider = address(uint160(uint256(keccak256(abi.encode(name, i * providers / count)))));
            all[i] = TtalkakEscrow.Terms(tenant(i), provider, address(token), 277_777, uint40(block.timestamp), uint40(block.timestamp + 365 days), uint64(salt++));
        }
    }

    function slice(TtalkakEscrow.Terms[] memory all, uint256 from, uint256 count) internal pure returns (TtalkakEscrow.Terms[] memory part) {
        if (count > all.length - from) count = all.length - from;
        part = new TtalkakEscrow.Terms[](count);
        for (uint256 i; i < count; ++i) part[i] = all[from + i];
    }

    /// Opens all in transactions of `size`; returns the gas of all.
    function openAll(TtalkakEscrow.Terms[] memory all, uint256 size) internal returns (uint256 sum) {
        for (uint256 from; from < all.length; from += size) {
            TtalkakEscrow.Terms[] memory part = slice(all, from, size);
            (uint96[] memory caps, bytes[] memory sigs) = (new uint96[](part.length), new bytes[](part.length));
            for (uint256 i; i < part.length; ++i) {
                caps[i] = 100_000_000;
                sigs[i] = lock(tenantKey(from + i), part[i], caps[i]);
            }
            escrow.openMany(part, caps, sigs);
            sum += gas();
        }
    }

    function pack(TtalkakEscrow.Terms[] memory part, uint96 cumulative, bool push) internal pure returns (uint256[] memory words) {
        uint256 used;
        uint256 head;
        words = new uint256[](3 * part.length);
        for (uint256 i; i < part.length; ++i) {
            if (i == 0 || part[i].provider != part[i - 1].provider) {
                head = used;
                words[used++] = header(part[i].provider, push, 0);
            }
            words[head] += 1;
            words[used++] = wordA(part[i]);
            words[used++] = wordB(part[i], cumulative, false);
        }
        assembly ("memory-safe") { mstore(words, used) }
    }

    /// Settles all in chunks; returns the gas of all, and of the costliest chunk.
    function settleAll(TtalkakEscrow.Terms[] memory all, uint96 cumulative, bool push) internal returns (uint256 sum, uint256 worst) {
        for (uint256 from; from < all.length; from += CHUNK) {
            uint256[] memory words = pack(slice(all, from, CHUNK), cumulative, push);
            uint64 next = escrow.lastBatch() + 1;
            vm.prank(METER);
            escrow.settleFlat(next, address(token), words);
            uint256 used = gas();
            sum += used;
            if (used > worst) worst = used;
        }
    }

    function settled(uint256 count, uint256 providers, string memory name) internal returns (uint256 perAgreement, uint256 worst) {
        TtalkakEscrow.Terms[] memory all = many(count, providers, name);
        openAll(all, 100);
        vm.warp(block.timestamp + 30 hours);
        (, worst) = settleAll(all, 1_000_000, true);
        (uint256 sum,) = settleAll(all, 2_000_000, true);
        perAgreement = sum / count;
    }

    function test_a_thousand_agreements_of_a_hundred_providers() public {
        (uint256 used,) = settled(1000, 100, "hundred");
        bounded("settle and pay, 1,000 agreements of 100 providers, each", used, 8_500, 8_156);
    }

    function test_a_thousand_agreements_of_a_thousand_providers() public {
        (uint256 used, uint256 worst) = settled(1000, 1000, "thousand");
        bounded("settle and pay, 1,000 agreements of 1,000 providers, each", used, 18_800, 18_260);
        bounded("settle and pay, 400 providers that were never paid before", worst, 15_000_000, 14_137_000);
        check(worst < TRANSACTION_MAX, "a chunk must fit a transaction");
    }

    function test_one_agreement() public {
        (uint256 used,) = settled(1, 1, "one");
        bounded("settle and pay, 1 agreement", used, 62_000, 61_659);
    }

    function test_a_claim_that_is_paid_out() public {
        TtalkakEscrow.Terms[] memory all = many(1, 1, "claimer");
        openAll(all, 1);
        vm.warp(block.timestamp + 30 hours);
        claim(all[0], 1_000_000, voucher(METER_KEY, all[0], 1_000_000), true);
        claim(all[0], 2_000_000, voucher(METER_KEY, all[0], 2_000_000), true);
        bounded("claim with payout, 1 agreement", gas(), 70_000, 68_932);
    }

    function test_a_hundred_relayed_opens() public {
        openAll(many(100, 100, "before"), 100);
        uint256 used = openAll(many(100, 100, "opens"), 100) / 100;
        bounded("relayed open in batches of 100, each", used, 40_000, 38_500);
    }

    function test_a_hundred_opens_under_mandates() public {
        TtalkakEscrow.Terms[] memory all = many(100, 100, "mandated");
        TtalkakEscrow.Mandate[] memory mandates = new TtalkakEscrow.Mandate[](100);
        (uint96[] memory caps, bytes[] memory sigs) = (new uint96[](100), new bytes[](100));
        for (uint256 i; i < 100; ++i) {
            caps[i] = 100_000_000;
            mandates[i] = TtalkakEscrow.Mandate(tenant(i), address(token), 277_777, 1e15, 30 days, uint40(block.timestamp), uint40(block.timestamp + 366 days), 7);
            sigs[i] = i < TENANTS ? sign(tenantKey(i), escrow.mandateId(mandates[i])) : bytes("");
        }
        vm.prank(METER);
        escrow.openUnder(all, caps, mandates, sigs);
        uint256 first = gas() / 100;
        all = many(100, 100, "mandated again");
        for (uint256 i; i < 100; ++i) sigs[i] = "";
        vm.prank(METER);
        escrow.openUnder(all, caps, mandates, sigs);
        bounded("open under known mandates, in batches of 100, each", gas() / 100, 42_000, 41_404);
        bounded("open under mandates, every second one new, in batches of 100, each", first, 54_000, 52_569);
    }
}
