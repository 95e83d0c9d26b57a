// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

/// How the escrow begins, how its meter changes, and how little its guardian can do.
contract MeterTest is Base {
    uint256 private constant NEXT_KEY = 0xC1;
    address private immutable NEXT = vm.addr(NEXT_KEY);

    function setUp() public { begin(); }

    function propose(address next) private {
        vm.prank(GUARDIAN);
        escrow.proposeMeter(next);
    }

    function test_it_begins_as_it_was_made() public view {
        check(escrow.meter() == METER && escrow.guardian() == GUARDIAN && escrow.feeTo() == FEE_TO, "parties");
        eq(escrow.feeBps(), 500, "fee");
        eq(escrow.NOTICE(), 1 days, "notice");
        eq(escrow.lastBatch(), 0, "batch");
        check(!escrow.paused(), "running");
        check(escrow.ROTATION_DELAY() > escrow.NOTICE(), "whoever distrusts a new meter is out before it comes");
        eq(escrow.ROTATION_DELAY(), 2 days, "delay");
        eq(escrow.BACKDATE_MAX(), 1 hours, "backdate");
        (, string memory name, string memory version, uint256 chain, address at_,,) = escrow.eip712Domain();
        check(keccak256(bytes(name)) == keccak256("TtalkakEscrow") && keccak256(bytes(version)) == keccak256("1"), "domain");
        check(chain == block.chainid && at_ == address(escrow), "place");
    }

    function test_a_fee_above_ten_percent_cannot_be_made() public {
        makeEscrow(METER, GUARDIAN, FEE_TO, 1000);
        refused(EscrowNews.FeeTooHigh.selector);
        this.make(METER, FEE_TO, 1001);
    }

    function test_neither_meter_nor_fee_account_may_be_nobody() public {
        refused(EscrowNews.ZeroAddress.selector);
        this.make(address(0), FEE_TO, 500);
        refused(EscrowNews.ZeroAddress.selector);
        this.make(METER, address(0), 500);
    }

    function make(address meter, address feeTo, uint16 feeBps) external {
        makeEscrow(meter, GUARDIAN, feeTo, feeBps);
    }

    function test_only_the_guardian_proposes_and_pauses() public {
        vm.startPrank(METER);
        refused(EscrowNews.NotGuardian.selector);
        escrow.proposeMeter(NEXT);
        refused(EscrowNews.NotGuardian.selector);
        escrow.pause(true);
    }

    function test_a_new_meter_comes_after_the_delay_and_not_a_second_before() public {
        refused(EscrowNews.TooEarly.selector);
        escrow.acceptMeter();
        vm.expectEmit();
        emit EscrowNews.MeterProposed(NEXT, T0 + 2 days);
        propose(NEXT);
        vm.warp(T0 + 2 days - 1);
        refused(EscrowNews.TooEarly.selector);
        escrow.acceptMeter();
        vm.warp(T0 + 2 days);
        vm.expectEmit();
        emit EscrowNews.MeterChanged(NEXT);
        vm.prank(STRANGER);
        escrow.acceptMeter();
        check(escrow.meter() == NEXT && escrow.previousMeter() == METER, "changed");
        check(escrow.nextMeter() == address(0), "nothing announced");
        eq(escrow.previousMeterUntil(), T0 + 3 days, "notice");
        refused(EscrowNews.TooEarly.selector);
        escrow.acceptMeter();
    }

    function test_a_second_proposal_begins_the_delay_anew_and_zero_takes_it_back() public {
        propose(STRANGER);
        vm.warp(T0 + 1 days);
        propose(NEXT);
        vm.warp(T0 + 2 days);
        refused(EscrowNews.TooEarly.selector);
        escrow.acceptMeter();
        propose(address(0));
        vm.warp(T0 + 9 days);
        refused(EscrowNews.TooEarly.selector);
        escrow.acceptMeter();
        check(escrow.meter() == METER, "unchanged");
    }

    function test_vouchers_of_the_old_meter_hold_for_the_notice() public {
        TtalkakEscrow.Terms memory t = opened(1, 1e6);
        propose(NEXT);
        vm.warp(T0 + 2 days);
        bytes memory early = voucher(NEXT_KEY, t, 10);
        refused(EscrowNews.BadSignature.selector);
        claim(t, 10, early, false);
        escrow.acceptMeter();
        claim(t, 10, voucher(NEXT_KEY, t, 10), false);
        vm.warp(T0 + 3 days - 1);
        claim(t, 20, voucher(METER_KEY, t, 20), false);
        vm.warp(T0 + 3 days);
        bytes memory late = voucher(METER_KEY, t, 30);
        refused(EscrowNews.BadSignature.selector);
        claim(t, 30, late, false);
        claim(t, 30, voucher(NEXT_KEY, t, 30), false);
    }

    function test_the_old_meter_does_nothing_else() public {
        TtalkakEscrow.Terms memory t = opened(1, 1e6);
        propose(NEXT);
        vm.warp(T0 + 2 days);
        escrow.acceptMeter();
        uint256[] memory words = item(t, 10, false, false);
        vm.startPrank(METER);
        refused(EscrowNews.NotMeter.selector);
        escrow.settleFlat(1, address(token), words);
        refused(EscrowNews.NotParty.selector);
        escrow.requestClose(t);
        vm.stopPrank();
        vm.prank(NEXT);
        escrow.settleFlat(1, address(token), words);
        eq(claimed(t), 10, "the new one settles");
    }

    function test_a_pause_stops_deposits_and_opens_alone() public {
        TtalkakEscrow.Terms memory t = opened(1, 1000);
        fund(TENANT, 1000);
        vm.expectEmit();
        emit EscrowNews.Paused(true);
        vm.prank(GUARDIAN);
        escrow.pause(true);
        TtalkakEscrow.Mandate memory m = makeMandate();
        vm.startPrank(TENANT);
        refused(EscrowNews.IsPaused.selector); escrow.deposit(address(token), 1);
        refused(EscrowNews.IsPaused.selector); escrow.depositWithPermit(address(token), 1, T0, 27, 0, 0);
        refused(EscrowNews.IsPaused.selector); escrow.depositWithPermitFor(TENANT, address(token), 1, T0, 27, 0, 0);
        refused(EscrowNews.IsPaused.selector); escrow.depositWithAuthorization(TENANT, address(token), 1, 0, T0, 0, 27, 0, 0);
        refused(EscrowNews.IsPaused.selector); escrow.open(t, 2000, "");
        refused(EscrowNews.IsPaused.selector); escrow.openMany(one(t), one(2000), one(bytes("")));
        vm.stopPrank();
        refused(EscrowNews.IsPaused.selector); openUnder(t, 2000, m, "");
        vm.prank(GUARDIAN);
        escrow.pause(false);
        vm.prank(TENANT);
        escrow.open(t, 2000, "");
    }

    function test_every_deed_of_a_tenant_is_told() public {
        token.mint(TENANT, 1000);
        vm.startPrank(TENANT);
        token.approve(address(escrow), 1000);
        vm.expectEmit();
        emit EscrowNews.Deposited(TENANT, address(token), 1000);
        escrow.deposit(address(token), 1000);
        vm.expectEmit();
        emit EscrowNews.Withdrawn(TENANT, address(token), 100);
        escrow.withdraw(address(token), 100);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        bytes32 id = escrow.termsId(t);
        vm.expectEmit();
        emit EscrowNews.Opened(id, TENANT, PROVIDER, address(token), 400, 0);
        escrow.open(t, 400, "");
        vm.stopPrank();
        TtalkakEscrow.Mandate memory m = makeMandate();
        bytes32 mandate = escrow.mandateId(m);
        bytes memory sig = sign(TENANT_KEY, mandate);
        vm.expectEmit();
        emit EscrowNews.Opened(id, TENANT, PROVIDER, address(token), 500, mandate);
        openUnder(t, 500, m, sig);
        vm.expectEmit();
        emit EscrowNews.MandateRevoked(mandate);
        vm.prank(TENANT);
        escrow.revoke(m);
    }
}
