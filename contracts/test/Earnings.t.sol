// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

/// Batches, claims and payouts. At RATE an agreement earns one unit a second.
contract EarningsTest is Base {
    address private constant OTHER = address(0x0712);

    function setUp() public { begin(); }

    function id(TtalkakEscrow.Terms memory t) private view returns (bytes32) { return escrow.termsId(t); }
    function credit(address who) private view returns (uint256) { return escrow.credit(who, address(token)); }

    function overBound(TtalkakEscrow.Terms memory t, uint96 cumulative) private {
        bytes memory sig = voucher(METER_KEY, t, cumulative);
        refused(EscrowNews.OverBound.selector, id(t));
        claim(t, cumulative, sig, false);
        uint64 next = escrow.lastBatch() + 1;
        uint256[] memory words = item(t, cumulative, true, false);
        refused(EscrowNews.OverBound.selector, id(t));
        vm.prank(METER);
        escrow.settleFlat(next, address(token), words);
    }

    function test_a_batch_pays_the_provider_and_keeps_the_fee() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        settle(t, 1000, true, false);
        eq(token.balanceOf(PROVIDER), 950, "paid");
        eq(credit(FEE_TO), 50, "fee");
        eq(claimed(t), 1000, "claimed");
        eq(cap(t), 10_000, "cap");
        eq(escrow.lastBatch(), 1, "batch");
        eq(endedAt(t), 0, "goes on");
    }

    function test_a_batch_without_the_flag_adds_to_the_credit() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        settle(t, 400, false, false);
        settle(t, 1000, false, false);
        eq(credit(PROVIDER), 950, "credit");
        eq(token.balanceOf(PROVIDER), 0, "not sent");
    }

    function test_only_the_meter_settles_and_only_in_order() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        uint256[] memory words = item(t, 10, true, false);
        refused(EscrowNews.NotMeter.selector);
        escrow.settleFlat(1, address(token), words);
        vm.startPrank(METER);
        vm.expectRevert(abi.encodeWithSelector(EscrowNews.BadBatch.selector, 1));
        escrow.settleFlat(2, address(token), words);
        escrow.settleFlat(1, address(token), words);
        vm.expectRevert(abi.encodeWithSelector(EscrowNews.BadBatch.selector, 2));
        escrow.settleFlat(1, address(token), words);
    }

    function test_time_and_cap_bound_every_path() public {
        TtalkakEscrow.Terms memory t = opened(1, 2000);
        vm.warp(T0 + 1000);
        overBound(t, 1001);
        settle(t, 1000, false, false);
        vm.warp(T0 + 5000);
        overBound(t, 2001);
        settle(t, 2000, false, false);
        eq(credit(PROVIDER), 1900, "all");
    }

    function test_an_hour_pays_the_hourly_rate_to_the_unit() public {
        TtalkakEscrow.Terms memory t = makeTerms(1);
        t.ratePerHour = 7; // 514 seconds a unit
        fund(TENANT, 100);
        vm.prank(TENANT);
        escrow.open(t, 100, "");
        vm.warp(T0 + 514);
        overBound(t, 1);
        vm.warp(T0 + 515);
        settle(t, 1, false, false);
        vm.warp(T0 + 3600);
        overBound(t, 8);
        settle(t, 7, false, false);
    }

    function test_nothing_is_earned_before_the_start_or_after_the_expiry() public {
        TtalkakEscrow.Terms memory t = makeTerms(1);
        (t.start, t.expiry) = (T0 + 100, T0 + 200);
        fund(TENANT, 10_000);
        vm.prank(TENANT);
        escrow.open(t, 10_000, "");
        vm.warp(T0 + 99);
        overBound(t, 1);
        vm.warp(T0 + 100);
        overBound(t, 1);
        vm.warp(T0 + 400);
        overBound(t, 101);
        settle(t, 100, false, false);
    }

    function test_time_stops_when_an_end_is_asked_for() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 100);
        vm.prank(TENANT);
        escrow.requestClose(t);
        vm.warp(T0 + 200);
        overBound(t, 101);
        settle(t, 100, false, false);
        eq(endedAt(t), T0 + 100, "frozen");
    }

    function test_an_end_before_the_start_earns_nothing() public {
        TtalkakEscrow.Terms memory t = makeTerms(1);
        t.start = T0 + 100;
        fund(TENANT, 10_000);
        vm.startPrank(TENANT);
        escrow.open(t, 10_000, "");
        escrow.requestClose(t);
        vm.stopPrank();
        vm.warp(T0 + 200);
        overBound(t, 1);
    }

    function test_what_was_never_opened_earns_nothing() public {
        vm.warp(T0 + 100);
        overBound(makeTerms(1), 1);
    }

    function test_a_stale_total_moves_nothing_and_blocks_nobody() public {
        (TtalkakEscrow.Terms memory a, TtalkakEscrow.Terms memory b) = (opened(1, 10_000), opened(2, 10_000));
        vm.warp(T0 + 1000);
        settle(a, 500, false, false);
        uint256[] memory words = new uint256[](5);
        (words[0], words[1], words[2]) = (header(PROVIDER, false, 2), wordA(a), wordB(a, 400, false));
        (words[3], words[4]) = (wordA(b), wordB(b, 300, false));
        vm.prank(METER);
        escrow.settleFlat(2, address(token), words);
        eq(claimed(a), 500, "stands");
        eq(claimed(b), 300, "moved");
        eq(credit(PROVIDER), 760, "credit");
        settle(a, 500, true, false);
        eq(credit(PROVIDER), 760, "the same total again");
    }

    function test_a_closed_agreement_moves_nothing_and_blocks_nobody() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        settle(t, 500, false, false);
        vm.prank(PROVIDER);
        close(t, 0, "");
        settle(t, 900, true, true);
        claim(t, 900, voucher(METER_KEY, t, 900), true);
        eq(claimed(t), 500, "claimed");
        eq(endedAt(t), T0 + 1000, "ended once");
        eq(escrow.free(TENANT, address(token)), 9500, "the tenant has the rest");
    }

    function test_providers_in_one_batch_are_paid_apart() public {
        TtalkakEscrow.Terms memory a = opened(1, 10_000);
        TtalkakEscrow.Terms memory b = makeTerms(2);
        b.provider = OTHER;
        fund(TENANT, 10_000);
        vm.prank(TENANT);
        escrow.open(b, 10_000, "");
        TtalkakEscrow.Terms memory c = opened(3, 10_000);
        vm.warp(T0 + 1000);
        uint256[] memory words = new uint256[](8);
        (words[0], words[1], words[2]) = (header(PROVIDER, true, 2), wordA(a), wordB(a, 100, false));
        (words[3], words[4]) = (wordA(c), wordB(c, 19, false));
        (words[5], words[6], words[7]) = (header(OTHER, false, 1), wordA(b), wordB(b, 219, false));
        vm.expectEmit();
        emit EscrowNews.ProviderPaid(PROVIDER, address(token), 114, true);
        vm.expectEmit();
        emit EscrowNews.ProviderPaid(OTHER, address(token), 209, false);
        vm.expectEmit();
        emit EscrowNews.Settled(1, address(token), 338, 15);
        vm.prank(METER);
        escrow.settleFlat(1, address(token), words);
        // The fee is floored per provider: 5 of 119, 10 of 219.
        eq(token.balanceOf(PROVIDER), 114, "sent");
        eq(credit(OTHER), 209, "credit");
        eq(credit(FEE_TO), 15, "fee");
    }

    function test_the_end_flag_stops_time_after_the_last_payment() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        vm.expectEmit();
        emit EscrowNews.Closing(id(t), T0 + 1000);
        settle(t, 900, true, true);
        eq(endedAt(t), T0 + 1000, "ended");
        vm.warp(T0 + 2000);
        overBound(t, 1001);
        settle(t, 1000, true, true);
        eq(endedAt(t), T0 + 1000, "once");
        // A flag alone, with a total that moves nothing, ends too.
        TtalkakEscrow.Terms memory u = opened(2, 10_000);
        settle(u, 0, true, true);
        eq(endedAt(u), T0 + 2000, "flag alone");
        // What was never opened is not ended.
        TtalkakEscrow.Terms memory w = makeTerms(3);
        settle(w, 0, true, true);
        eq(endedAt(w), 0, "never opened");
    }

    function test_words_that_end_too_early_are_refused() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        uint256[] memory words = item(t, 10, true, false);
        words[0] += 1;
        vm.expectRevert();
        vm.prank(METER);
        escrow.settleFlat(1, address(token), words);
        words[0] = header(PROVIDER, true, (1 << 95) - 1);
        vm.expectRevert();
        vm.prank(METER);
        escrow.settleFlat(1, address(token), words);
        vm.prank(METER);
        escrow.settleFlat(1, address(token), new uint256[](0));
        eq(escrow.lastBatch(), 1, "an empty batch is a batch");
    }

    function test_another_token_or_provider_is_another_agreement() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        uint256[] memory words = item(t, 10, true, false);
        words[0] = header(STRANGER, true, 1);
        vm.startPrank(METER);
        vm.expectRevert();
        escrow.settleFlat(1, address(token), words);
        words = item(t, 10, true, false);
        vm.expectRevert();
        escrow.settleFlat(1, address(0), words);
    }

    // ---- claims

    function test_a_voucher_of_the_meter_is_redeemed_by_anyone_for_the_provider() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        bytes memory sig = voucher(METER_KEY, t, 600);
        vm.expectEmit();
        emit EscrowNews.Claimed(id(t), 600);
        vm.expectEmit();
        emit EscrowNews.ProviderPaid(PROVIDER, address(token), 570, true);
        vm.prank(STRANGER);
        claim(t, 600, sig, true);
        eq(token.balanceOf(PROVIDER), 570, "paid");
        eq(credit(FEE_TO), 30, "fee");
        claim(t, 600, sig, true);
        eq(token.balanceOf(PROVIDER), 570, "once");
        eq(credit(FEE_TO), 30, "fee once");
    }

    function test_a_claim_may_leave_the_earnings_as_credit_and_a_later_one_sends_all() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        vm.expectEmit();
        emit EscrowNews.ProviderPaid(PROVIDER, address(token), 570, false);
        claim(t, 600, voucher(METER_KEY, t, 600), false);
        eq(credit(PROVIDER), 570, "credit");
        bytes memory sig = voucher(TENANT_KEY, t, 1000);
        vm.expectEmit();
        emit EscrowNews.ProviderPaid(PROVIDER, address(token), 380, true);
        vm.expectEmit();
        emit EscrowNews.Paid(PROVIDER, address(token), 570);
        claim(t, 1000, sig, true);
        eq(token.balanceOf(PROVIDER), 950, "sent with the credit");
        eq(credit(PROVIDER), 0, "no credit");
    }

    function test_neighbours_in_a_claim_are_paid_as_one_and_others_apart() public {
        TtalkakEscrow.Terms[] memory t = new TtalkakEscrow.Terms[](4);
        (uint96[] memory totals, bytes[] memory sigs) = (new uint96[](4), new bytes[](4));
        fund(TENANT, 40_000);
        for (uint64 i; i < 4; ++i) {
            t[i] = makeTerms(i);
            if (i == 2) t[i].provider = OTHER;
            vm.prank(TENANT);
            escrow.open(t[i], 10_000, "");
            totals[i] = 100 * (i + 1);
            sigs[i] = voucher(METER_KEY, t[i], totals[i]);
        }
        vm.warp(T0 + 1000);
        vm.expectEmit();
        emit EscrowNews.ProviderPaid(PROVIDER, address(token), 285, true);
        escrow.claim(t, totals, sigs, true);
        eq(token.balanceOf(PROVIDER), 285 + 380, "first");
        eq(token.balanceOf(OTHER), 285, "second");
    }

    function test_neighbours_in_different_tokens_are_paid_in_their_own() public {
        TtalkakEscrow.Terms[] memory t = new TtalkakEscrow.Terms[](2);
        (uint96[] memory totals, bytes[] memory sigs) = (new uint96[](2), new bytes[](2));
        fund(TENANT, 1000);
        vm.deal(TENANT, 1000);
        vm.startPrank(TENANT);
        escrow.deposit{value: 1000}(address(0), 1000);
        for (uint64 i; i < 2; ++i) {
            t[i] = makeTerms(i);
            if (i == 1) t[i].token = address(0);
            escrow.open(t[i], 1000, "");
            totals[i] = 100;
            sigs[i] = voucher(METER_KEY, t[i], 100);
        }
        vm.stopPrank();
        vm.warp(T0 + 1000);
        escrow.claim(t, totals, sigs, true);
        eq(token.balanceOf(PROVIDER), 95, "tokens");
        eq(PROVIDER.balance, 95, "coins");
    }

    function test_a_payout_sends_each_its_credit_once() public {
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        settle(t, 1000, false, false);
        address[] memory payees = new address[](4);
        (payees[0], payees[1], payees[2], payees[3]) = (PROVIDER, FEE_TO, PROVIDER, STRANGER);
        vm.expectEmit();
        emit EscrowNews.Paid(PROVIDER, address(token), 950);
        escrow.payout(payees, address(token));
        eq(token.balanceOf(PROVIDER), 950, "provider");
        eq(token.balanceOf(FEE_TO), 50, "fee");
        eq(credit(PROVIDER) + credit(FEE_TO), 0, "credit");
        eq(token.balanceOf(address(escrow)), 9000, "held");
    }

    function test_without_a_fee_the_provider_has_all() public {
        escrow = makeEscrow(METER, GUARDIAN, FEE_TO, 0);
        TtalkakEscrow.Terms memory t = opened(1, 10_000);
        vm.warp(T0 + 1000);
        settle(t, 500, true, false);
        claim(t, 1000, voucher(METER_KEY, t, 1000), true);
        eq(token.balanceOf(PROVIDER), 1000, "all");
        eq(credit(FEE_TO), 0, "no fee");
    }

    function testFuzz_never_above_cap_or_rate_times_time(uint96 rate, uint96 amount, uint32 elapsed, uint96 cumulative) public {
        TtalkakEscrow.Terms memory t = makeTerms(9);
        t.ratePerHour = rate;
        t.expiry = T0 + 20 days;
        amount = uint96(within(amount, 1, type(uint96).max));
        fund(TENANT, amount);
        vm.prank(TENANT);
        escrow.open(t, amount, "");
        uint256 passed = within(elapsed, 0, 40 days);
        vm.warp(T0 + passed);
        uint256 counted = passed < 20 days ? passed : 20 days;
        bool allowed = cumulative <= amount && uint256(cumulative) * 3600 <= uint256(rate) * counted;
        bytes memory sig = voucher(METER_KEY, t, cumulative);
        if (!allowed) refused(EscrowNews.OverBound.selector, id(t));
        claim(t, cumulative, sig, true);
        eq(claimed(t), allowed ? cumulative : 0, "claimed");
        eq(token.balanceOf(PROVIDER) + credit(FEE_TO), allowed ? cumulative : 0, "earned");
    }

    function testFuzz_order_and_repeats_of_vouchers_do_not_matter(uint16 a, uint16 b, uint16 c) public {
        TtalkakEscrow.Terms memory t = opened(1, 1e6);
        vm.warp(T0 + 1e6);
        uint16[5] memory totals = [a, b, a, c, b];
        uint256 top;
        for (uint256 i; i < 5; ++i) {
            if (i % 2 == 0) claim(t, totals[i], voucher(TENANT_KEY, t, totals[i]), i == 0);
            else settle(t, totals[i], i == 1, false);
            if (totals[i] > top) top = totals[i];
            eq(claimed(t), top, "the highest stands");
        }
        eq(token.balanceOf(PROVIDER) + credit(PROVIDER) + credit(FEE_TO), top, "paid once");
    }
}
