// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

/// Opening, raising, mandates.
contract AgreementsTest is Base {
    function setUp() public { begin(); }

    function id(TtalkakEscrow.Terms memory t) private view returns (bytes32) { return escrow.termsId(t); }

    function test_an_id_is_the_struct_hash_of_its_terms() public view {
        TtalkakEscrow.Terms memory t = makeTerms(7);
        bytes32 hash = keccak256("Terms(address tenant,address provider,address token,uint96 ratePerHour,uint40 start,uint40 expiry,uint64 salt)");
        check(id(t) == keccak256(abi.encode(hash, t.tenant, t.provider, t.token, t.ratePerHour, t.start, t.expiry, t.salt)), "terms");
        TtalkakEscrow.Mandate memory m = makeMandate();
        hash = keccak256("Mandate(address tenant,address token,uint96 ratePerHourMax,uint96 cap,uint40 period,uint40 start,uint40 expiry,uint64 salt)");
        check(escrow.mandateId(m) == keccak256(abi.encode(hash, m.tenant, m.token, m.ratePerHourMax, m.cap, m.period, m.start, m.expiry, m.salt)), "mandate");
    }

    function test_a_tenant_opens_and_the_cap_leaves_the_free_balance() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        vm.prank(TENANT);
        escrow.open(t, 400, "");
        eq(cap(t), 400, "cap");
        eq(claimed(t), 0, "claimed");
        eq(endedAt(t), 0, "ended");
        eq(escrow.free(TENANT, address(token)), 600, "free");
    }

    function test_anyone_may_submit_a_signed_lock() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        bytes memory sig = lock(TENANT_KEY, t, 400);
        vm.prank(STRANGER);
        escrow.open(t, 400, sig);
        eq(cap(t), 400, "cap");
    }

    function test_nobody_else_opens_for_a_tenant() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        bytes memory sig = lock(METER_KEY, t, 400);
        vm.startPrank(METER);
        refused(EscrowNews.BadSignature.selector);
        escrow.open(t, 400, sig);
        sig = lock(TENANT_KEY, t, 399);
        refused(EscrowNews.BadSignature.selector);
        escrow.open(t, 400, sig);
    }

    function test_a_higher_cap_takes_only_the_difference() public {
        TtalkakEscrow.Terms memory t = opened(1, 400);
        fund(TENANT, 150);
        vm.startPrank(TENANT);
        escrow.open(t, 500, "");
        eq(escrow.free(TENANT, address(token)), 50, "free");
        refused(EscrowNews.NotHigher.selector, id(t));
        escrow.open(t, 500, "");
        refused(EscrowNews.NotHigher.selector, id(t));
        escrow.open(t, 499, "");
    }

    function test_an_open_beyond_the_free_balance_is_refused() public {
        fund(TENANT, 399);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        vm.expectRevert(abi.encodeWithSelector(EscrowNews.Insufficient.selector, TENANT));
        vm.prank(TENANT);
        escrow.open(t, 400, "");
    }

    function test_expired_terms_are_not_opened() public {
        fund(TENANT, 400);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        vm.warp(t.expiry);
        refused(EscrowNews.Expired.selector, id(t));
        vm.prank(TENANT);
        escrow.open(t, 400, "");
        vm.warp(t.expiry - 1);
        vm.prank(TENANT);
        escrow.open(t, 400, "");
    }

    function test_what_has_ended_is_not_raised() public {
        TtalkakEscrow.Terms memory t = opened(1, 400);
        fund(TENANT, 400);
        vm.startPrank(TENANT);
        escrow.requestClose(t);
        refused(EscrowNews.Ended.selector, id(t));
        escrow.open(t, 500, "");
    }

    function test_many_open_together_and_one_that_stands_already_blocks_nobody() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Terms[] memory t = new TtalkakEscrow.Terms[](2);
        (uint96[] memory caps, bytes[] memory sigs) = (new uint96[](2), new bytes[](2));
        for (uint64 i; i < 2; ++i) {
            t[i] = makeTerms(i);
            caps[i] = 100;
            sigs[i] = lock(TENANT_KEY, t[i], 100);
        }
        escrow.open(t[0], 100, sigs[0]);
        escrow.openMany(t, caps, sigs);
        eq(cap(t[0]), 100, "first");
        eq(cap(t[1]), 100, "second");
        eq(escrow.free(TENANT, address(token)), 800, "free");
    }

    function test_lists_of_unequal_length_are_refused() public {
        TtalkakEscrow.Terms[] memory t = one(makeTerms(1));
        TtalkakEscrow.Mandate[] memory m = one(makeMandate());
        uint96[] memory no_amounts = new uint96[](0);
        bytes[] memory no_sigs = new bytes[](0);
        refused(EscrowNews.LengthMismatch.selector); escrow.openMany(t, no_amounts, one(bytes("")));
        refused(EscrowNews.LengthMismatch.selector); escrow.openMany(t, one(1), no_sigs);
        refused(EscrowNews.LengthMismatch.selector); escrow.claim(t, no_amounts, one(bytes("")), false);
        refused(EscrowNews.LengthMismatch.selector); escrow.claim(t, one(1), no_sigs, false);
        refused(EscrowNews.LengthMismatch.selector); escrow.close(t, no_amounts, one(bytes("")));
        refused(EscrowNews.LengthMismatch.selector); escrow.close(t, one(1), no_sigs);
        vm.startPrank(METER);
        refused(EscrowNews.LengthMismatch.selector); escrow.openUnder(t, no_amounts, m, one(bytes("")));
        refused(EscrowNews.LengthMismatch.selector); escrow.openUnder(t, one(1), new TtalkakEscrow.Mandate[](0), one(bytes("")));
        refused(EscrowNews.LengthMismatch.selector); escrow.openUnder(t, one(1), m, no_sigs);
    }

    // ---- mandates

    function signed(TtalkakEscrow.Mandate memory m) private view returns (bytes memory) {
        return sign(TENANT_KEY, escrow.mandateId(m));
    }

    function used(TtalkakEscrow.Mandate memory m) private view returns (uint256 amount) {
        (amount,,,) = escrow.mandates(escrow.mandateId(m));
    }

    function test_the_meter_opens_and_raises_under_a_mandate() public {
        fund(TENANT, 1000);
        (TtalkakEscrow.Terms memory t, TtalkakEscrow.Mandate memory m) = (makeTerms(1), makeMandate());
        openUnder(t, 400, m, signed(m));
        eq(cap(t), 400, "cap");
        // The signature is remembered.
        openUnder(t, 700, m, "");
        eq(cap(t), 700, "raised");
        eq(used(m), 700, "used");
        eq(escrow.free(TENANT, address(token)), 300, "free");
        // What stands already is left alone.
        openUnder(t, 700, m, "");
        eq(used(m), 700, "used once");
    }

    function test_only_the_meter_opens_under_a_mandate() public {
        fund(TENANT, 1000);
        (TtalkakEscrow.Terms memory t, TtalkakEscrow.Mandate memory m) = (makeTerms(1), makeMandate());
        bytes memory sig = signed(m);
        vm.prank(STRANGER);
        refused(EscrowNews.NotMeter.selector);
        escrow.openUnder(one(t), one(400), one(m), one(sig));
    }

    function test_a_mandate_needs_its_tenants_signature() public {
        fund(TENANT, 1000);
        (TtalkakEscrow.Terms memory t, TtalkakEscrow.Mandate memory m) = (makeTerms(1), makeMandate());
        bytes memory sig = sign(METER_KEY, escrow.mandateId(m));
        refused(EscrowNews.BadSignature.selector);
        openUnder(t, 400, m, sig);
        refused(EscrowNews.BadSignature.selector);
        openUnder(t, 400, m, "");
    }

    function outside(TtalkakEscrow.Terms memory t, TtalkakEscrow.Mandate memory m) private {
        bytes memory sig = signed(m);
        refused(EscrowNews.OutsideMandate.selector, escrow.mandateId(m));
        openUnder(t, 400, m, sig);
    }

    function test_terms_outside_the_mandate_are_refused() public {
        fund(TENANT, 1000);
        vm.warp(T0 + 10 minutes);
        TtalkakEscrow.Mandate memory m = makeMandate();
        TtalkakEscrow.Terms memory t;
        t = makeTerms(1); t.tenant = STRANGER; outside(t, m);
        t = makeTerms(1); t.token = address(0); outside(t, m);
        t = makeTerms(1); t.ratePerHour = RATE + 1; outside(t, m);
        t = makeTerms(1); t.start = T0 - 1; outside(t, m);
        t = makeTerms(1); t.expiry = m.expiry + 1; outside(t, m);
        openUnder(makeTerms(1), 400, m, signed(m));
    }

    function test_time_gone_by_cannot_be_sold_under_a_mandate() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Mandate memory m = makeMandate();
        vm.warp(T0 + 1 hours + 1);
        outside(makeTerms(1), m);
        vm.warp(T0 + 1 hours);
        openUnder(makeTerms(1), 400, m, signed(m));
        // A raise of what is open already may come at any time.
        vm.warp(T0 + 10 days);
        openUnder(makeTerms(1), 500, m, "");
    }

    function test_a_mandate_holds_from_its_start_to_its_expiry() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Mandate memory m = makeMandate();
        (m.start, m.expiry) = (T0 + 10, T0 + 20);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        (t.start, t.expiry) = (T0 + 10, T0 + 20);
        bytes memory sig = signed(m);
        vm.warp(T0 + 9);
        refused(EscrowNews.MandateOver.selector, escrow.mandateId(m));
        openUnder(t, 1, m, sig);
        vm.warp(T0 + 10);
        openUnder(t, 1, m, sig);
        vm.warp(T0 + 20);
        refused(EscrowNews.MandateOver.selector, escrow.mandateId(m));
        openUnder(t, 2, m, sig);
    }

    function test_a_mandates_cap_counts_all_agreements() public {
        fund(TENANT, 2_000_000);
        TtalkakEscrow.Mandate memory m = makeMandate();
        bytes memory sig = signed(m);
        openUnder(makeTerms(1), 600_000, m, sig);
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(2), 400_001, m, sig);
        openUnder(makeTerms(2), 400_000, m, sig);
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 600_001, m, sig);
        vm.warp(T0 + 29 days);
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 600_001, m, sig);
    }

    function test_a_recurring_cap_is_whole_again_in_the_next_period() public {
        fund(TENANT, 5_000_000);
        TtalkakEscrow.Mandate memory m = makeMandate();
        m.period = 7 days;
        bytes memory sig = signed(m);
        openUnder(makeTerms(1), 1_000_000, m, sig);
        vm.warp(T0 + 7 days - 1);
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 1_000_001, m, sig);
        vm.warp(T0 + 7 days);
        openUnder(makeTerms(1), 1_900_000, m, sig);
        openUnder(makeTerms(1), 2_000_000, m, sig);
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 2_000_001, m, sig);
        // What was left over in a period is not added to a later one.
        vm.warp(T0 + 21 days);
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 3_000_001, m, sig);
        openUnder(makeTerms(1), 3_000_000, m, sig);
    }

    function test_a_revoked_mandate_opens_and_raises_no_more() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Mandate memory m = makeMandate();
        bytes memory sig = signed(m);
        openUnder(makeTerms(1), 400, m, sig);
        vm.prank(METER);
        refused(EscrowNews.NotParty.selector);
        escrow.revoke(m);
        vm.prank(TENANT);
        escrow.revoke(m);
        refused(EscrowNews.MandateOver.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 500, m, sig);
        refused(EscrowNews.MandateOver.selector, escrow.mandateId(m));
        openUnder(makeTerms(2), 100, m, sig);
        // What stands at that cap already asks nothing of the mandate, so it blocks nobody.
        openUnder(makeTerms(1), 400, m, sig);
        (,, bool accepted, bool revoked) = escrow.mandates(escrow.mandateId(m));
        check(accepted && revoked, "both are seen");
    }

    function test_a_mandate_can_be_revoked_before_it_is_used() public {
        fund(TENANT, 1000);
        TtalkakEscrow.Mandate memory m = makeMandate();
        vm.prank(TENANT);
        escrow.revoke(m);
        bytes memory sig = signed(m);
        refused(EscrowNews.MandateOver.selector, escrow.mandateId(m));
        openUnder(makeTerms(1), 100, m, sig);
    }

    function test_the_greatest_amounts_do_not_wrap() public {
        uint96 most = type(uint96).max;
        fund(TENANT, uint256(most) * 2);
        TtalkakEscrow.Mandate memory m = makeMandate();
        m.cap = most;
        openUnder(makeTerms(1), most, m, signed(m));
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(2), most, m, "");
        refused(EscrowNews.MandateExhausted.selector, escrow.mandateId(m));
        openUnder(makeTerms(2), 1, m, "");
    }
}
