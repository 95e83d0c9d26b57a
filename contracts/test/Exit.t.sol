// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

/// Leaving, with nobody's help: the tenant after a notice, the provider with its last voucher, in any order.
contract ExitTest is Base {
    TtalkakEscrow.Terms private t;
    bytes32 private id;

    function setUp() public {
        begin();
        t = opened(1, 10_000);
        id = escrow.termsId(t);
        vm.warp(T0 + 1000);
    }

    function free() private view returns (uint256) { return escrow.free(TENANT, address(token)); }

    function ask() private {
        vm.prank(TENANT);
        escrow.requestClose(t);
    }

    function test_a_tenant_alone_has_the_rest_after_the_notice_and_not_a_second_before() public {
        vm.expectEmit();
        emit EscrowNews.Closing(id, T0 + 1000);
        ask();
        vm.warp(T0 + 1000 + NOTICE - 1);
        refused(EscrowNews.BadSignature.selector);
        close(t, 0, "");
        refused(EscrowNews.TooEarly.selector);
        close(t, 1, "");
        vm.warp(T0 + 1000 + NOTICE);
        vm.expectEmit();
        emit EscrowNews.Closed(id, 10_000);
        vm.prank(STRANGER);
        close(t, 0, "");
        eq(free(), 10_000, "free");
        vm.prank(TENANT);
        escrow.withdraw(address(token), 10_000);
        eq(token.balanceOf(TENANT), 10_000, "whole");
        eq(token.balanceOf(address(escrow)), 0, "nothing is left behind");
    }

    function test_a_provider_redeems_within_the_notice() public {
        bytes memory sig = voucher(METER_KEY, t, 1000);
        ask();
        vm.warp(T0 + 1000 + NOTICE - 1);
        claim(t, 1000, sig, true);
        vm.warp(T0 + 1000 + NOTICE);
        close(t, 0, "");
        eq(token.balanceOf(PROVIDER), 950, "earned");
        eq(free(), 9000, "rest");
    }

    function test_a_provider_may_redeem_after_the_notice_until_someone_closes() public {
        bytes memory sig = voucher(METER_KEY, t, 1000);
        ask();
        vm.warp(T0 + 1000 + NOTICE + 5 days);
        claim(t, 500, voucher(METER_KEY, t, 500), true);
        close(t, 0, "");
        claim(t, 1000, sig, true);
        eq(token.balanceOf(PROVIDER), 475, "nothing after the close");
        eq(free(), 9500, "rest");
    }

    function test_the_notice_counts_from_the_expiry_when_nobody_asked() public {
        vm.warp(t.expiry + NOTICE - 1);
        refused(EscrowNews.TooEarly.selector);
        close(t, 1, "");
        vm.warp(t.expiry + NOTICE);
        close(t, 1, "");
        eq(free(), 10_000, "rest");
        eq(endedAt(t), t.expiry + NOTICE, "ended");
    }

    function test_an_end_asked_for_after_the_expiry_delays_nothing() public {
        vm.warp(t.expiry + NOTICE - 10);
        ask();
        vm.warp(t.expiry + NOTICE - 1);
        refused(EscrowNews.TooEarly.selector);
        close(t, 1, "");
        vm.warp(t.expiry + NOTICE);
        close(t, 1, "");
    }

    function test_a_provider_closes_at_once() public {
        settle(t, 400, true, false);
        vm.prank(PROVIDER);
        close(t, 0, "");
        eq(free(), 9600, "rest");
        eq(cap(t), 400, "cap");
        eq(endedAt(t), T0 + 1000, "ended");
    }

    function test_a_content_provider_signs_and_anyone_closes() public {
        bytes memory sig = closing(PROVIDER_KEY, t, 400);
        refused(EscrowNews.TooEarly.selector);
        close(t, 400, sig);
        settle(t, 399, true, true);
        refused(EscrowNews.TooEarly.selector);
        close(t, 400, sig);
        // Not by naming another total than the one that was signed.
        refused(EscrowNews.BadSignature.selector);
        close(t, 399, sig);
        settle(t, 400, true, true);
        vm.prank(STRANGER);
        close(t, 400, sig);
        eq(free(), 9600, "rest");
    }

    function test_nobody_elses_signature_closes() public {
        bytes memory byMeter = closing(METER_KEY, t, 0);
        bytes memory byTenant = closing(TENANT_KEY, t, 0);
        refused(EscrowNews.BadSignature.selector);
        close(t, 0, byMeter);
        vm.prank(TENANT);
        refused(EscrowNews.BadSignature.selector);
        close(t, 0, byTenant);
        // A voucher of the provider's is not a close.
        bytes memory byVoucher = voucher(PROVIDER_KEY, t, 0);
        refused(EscrowNews.BadSignature.selector);
        close(t, 0, byVoucher);
    }

    function test_only_the_parties_ask_for_an_end_and_only_once() public {
        vm.prank(STRANGER);
        refused(EscrowNews.NotParty.selector);
        escrow.requestClose(t);
        vm.prank(PROVIDER);
        refused(EscrowNews.NotParty.selector);
        escrow.requestClose(t);
        vm.prank(METER);
        escrow.requestClose(t);
        eq(endedAt(t), T0 + 1000, "by the meter");
        vm.warp(T0 + 2000);
        refused(EscrowNews.Ended.selector, id);
        ask();
    }

    function test_a_tenant_calls_back_a_lock_that_was_not_used() public {
        TtalkakEscrow.Terms memory u = makeTerms(2);
        bytes memory sig = lock(TENANT_KEY, u, 500);
        bytes32 other = escrow.termsId(u);
        vm.prank(METER);
        refused(EscrowNews.Unknown.selector, other);
        escrow.requestClose(u);
        vm.prank(TENANT);
        escrow.requestClose(u);
        fund(TENANT, 500);
        refused(EscrowNews.Ended.selector, other);
        escrow.open(u, 500, sig);
        refused(EscrowNews.Unknown.selector, other);
        close(u, 0, "");
    }

    function test_what_is_closed_is_closed_for_good() public {
        vm.prank(PROVIDER);
        close(t, 0, "");
        eq(free(), 10_000, "rest");
        // Again: moves nothing.
        close(t, 0, "");
        eq(free(), 10_000, "once");
        bytes memory sig = lock(TENANT_KEY, t, 20_000);
        fund(TENANT, 20_000);
        refused(EscrowNews.Ended.selector, id);
        escrow.open(t, 20_000, sig);
    }

    function test_all_of_it_works_while_paused() public {
        settle(t, 100, false, false);
        vm.prank(GUARDIAN);
        escrow.pause(true);
        claim(t, 200, voucher(METER_KEY, t, 200), false);
        settle(t, 300, false, false);
        escrow.payout(one(PROVIDER), address(token));
        ask();
        vm.warp(T0 + 1000 + NOTICE);
        close(t, 0, "");
        vm.prank(TENANT);
        escrow.withdraw(address(token), 9700);
        eq(token.balanceOf(PROVIDER), 285, "provider");
        eq(token.balanceOf(TENANT), 9700, "tenant");
    }

    /// Coordinator lies or is gone; the tenant closes around the deadline, the provider redeems around it: the provider
    /// has what its voucher says or, when it came after the close, what it had; the tenant the rest; nothing is lost.
    function testFuzz_in_any_order_around_the_deadline(uint8 order, uint16 earned, int8 shift) public {
        uint96 total = uint96(within(earned, 0, 1000));
        bytes memory sig = voucher(TENANT_KEY, t, total);
        ask();
        int256 seconds_ = int256(uint256(T0) + 1000 + NOTICE) + (shift % 2);
        vm.warp(uint256(seconds_));
        bool due = shift % 2 >= 0;
        bool first = order % 2 == 0;
        if (first) claim(t, total, sig, true);
        if (!due) vm.expectRevert();
        close(t, 10_000, "");
        if (!first) claim(t, total, sig, true);
        if (!due) {
            vm.warp(T0 + 1000 + NOTICE);
            close(t, 10_000, "");
        }
        uint96 won = first || !due ? total : 0;
        eq(claimed(t), won, "claimed");
        eq(free(), 10_000 - won, "rest");
        eq(token.balanceOf(address(escrow)), free() + escrow.credit(FEE_TO, address(token)), "nothing is left behind");
    }
}
