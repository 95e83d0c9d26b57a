// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Bare, FalseReturn, FeeOnTransfer, Freezing, Greedy, NoReturn, Payee, Reentering} from "./Hostile.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

/// Tokens and payees that misbehave: they hurt themselves, not the batch.
contract HostileTest is Base {
    function setUp() public { begin(); }

    /// An agreement of 1,000 s in this token, its cap deposited.
    function openedIn(address coin, address provider, uint64 salt) private returns (TtalkakEscrow.Terms memory t) {
        t = makeTerms(salt);
        (t.token, t.provider) = (coin, provider);
        if (coin == address(0)) {
            vm.deal(TENANT, 10_000);
            vm.startPrank(TENANT);
            escrow.deposit{value: 10_000}(coin, 10_000);
        } else {
            Bare(coin).mint(TENANT, 10_000);
            vm.startPrank(TENANT);
            Bare(coin).approve(address(escrow), 10_000);
            escrow.deposit(coin, 10_000);
        }
        escrow.open(t, uint96(escrow.free(TENANT, coin)), "");
        vm.stopPrank();
        vm.warp(T0 + 1000);
    }

    function credit(address who, address coin) private view returns (uint256) { return escrow.credit(who, coin); }

    function test_a_token_that_answers_nothing_is_paid_and_withdrawn() public {
        NoReturn coin = new NoReturn();
        TtalkakEscrow.Terms memory t = openedIn(address(coin), PROVIDER, 1);
        settle(t, 100, true, false);
        eq(coin.balanceOf(PROVIDER), 95, "pushed");
        claim(t, 200, voucher(METER_KEY, t, 200), true);
        eq(coin.balanceOf(PROVIDER), 190, "claimed");
        vm.prank(PROVIDER);
        close(t, 0, "");
        vm.prank(TENANT);
        escrow.withdraw(address(coin), 9800);
        eq(coin.balanceOf(TENANT), 9800, "withdrawn");
    }

    function test_a_token_that_answers_false_leaves_the_credit() public {
        FalseReturn coin = new FalseReturn();
        TtalkakEscrow.Terms memory t = openedIn(address(coin), PROVIDER, 1);
        coin.fail(0);
        settle(t, 100, true, false);
        eq(credit(PROVIDER, address(coin)), 95, "credit");
        // Only a clean true is a yes.
        coin.fail(2);
        settle(t, 200, true, false);
        eq(credit(PROVIDER, address(coin)), 190, "credit");
        vm.expectRevert();
        escrow.payout(one(PROVIDER), address(coin));
        bytes memory sig = voucher(METER_KEY, t, 300);
        vm.expectRevert();
        claim(t, 300, sig, true);
        claim(t, 300, sig, false);
        eq(credit(PROVIDER, address(coin)), 285, "credit");
        vm.prank(TENANT);
        vm.expectRevert();
        escrow.deposit(address(coin), 1);
    }

    function test_a_token_that_keeps_a_fee_is_credited_as_it_arrives() public {
        FeeOnTransfer coin = new FeeOnTransfer();
        TtalkakEscrow.Terms memory t = openedIn(address(coin), PROVIDER, 1);
        eq(cap(t), 9900, "what arrived");
        settle(t, 1000, true, false);
        eq(coin.balanceOf(PROVIDER), 940, "the fee is the provider's loss");
        eq(coin.balanceOf(address(escrow)), 9900 - 950, "held");
    }

    function test_a_frozen_payee_has_credit_and_blocks_nobody() public {
        Freezing coin = new Freezing();
        TtalkakEscrow.Terms memory a = openedIn(address(coin), PROVIDER, 1);
        TtalkakEscrow.Terms memory b = openedIn(address(coin), STRANGER, 2);
        coin.freeze(PROVIDER, true);
        uint256[] memory words = new uint256[](6);
        (words[0], words[1], words[2]) = (header(PROVIDER, true, 1), wordA(a), wordB(a, 100, false));
        (words[3], words[4], words[5]) = (header(STRANGER, true, 1), wordA(b), wordB(b, 100, false));
        vm.prank(METER);
        escrow.settleFlat(1, address(coin), words);
        eq(credit(PROVIDER, address(coin)), 95, "credit");
        eq(coin.balanceOf(STRANGER), 95, "paid");
        coin.freeze(PROVIDER, false);
        escrow.payout(one(PROVIDER), address(coin));
        eq(coin.balanceOf(PROVIDER), 95, "later");
    }

    function test_a_token_that_burns_gas_or_talks_at_length_is_bounded() public {
        Greedy coin = new Greedy();
        TtalkakEscrow.Terms memory t = openedIn(address(coin), PROVIDER, 1);
        uint256 before = gasleft();
        settle(t, 100, true, false);
        check(before - gasleft() < 300_000, "burnt too much");
        coin.talk();
        before = gasleft();
        settle(t, 200, true, false);
        check(before - gasleft() < 300_000, "copied too much");
        eq(credit(PROVIDER, address(coin)), 190, "credit");
    }

    function test_a_token_whose_code_is_gone_leaves_the_credit() public {
        NoReturn coin = new NoReturn();
        TtalkakEscrow.Terms memory t = openedIn(address(coin), PROVIDER, 1);
        vm.etch(address(coin), "");
        settle(t, 100, true, false);
        eq(credit(PROVIDER, address(coin)), 95, "credit");
    }

    function test_an_address_without_code_is_no_token() public {
        vm.expectRevert();
        escrow.deposit(STRANGER, 1);
    }

    // ---- re-entering

    function blocked(bytes memory data, function(TtalkakEscrow.Terms memory) doing) private {
        Reentering coin = new Reentering();
        TtalkakEscrow.Terms memory t = openedIn(address(coin), PROVIDER, 1);
        coin.aim(address(escrow), data);
        doing(t);
        check(!coin.succeeded(), "re-entered");
        check(bytes4(coin.reason()) == ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "another reason");
    }

    function whileDepositing(TtalkakEscrow.Terms memory t) private {
        Bare(t.token).mint(TENANT, 10);
        vm.startPrank(TENANT);
        Bare(t.token).approve(address(escrow), 10);
        escrow.deposit(t.token, 10);
        vm.stopPrank();
    }

    function whileSettling(TtalkakEscrow.Terms memory t) private { settle(t, 100, true, false); }
    function whileClaiming(TtalkakEscrow.Terms memory t) private { claim(t, 100, voucher(METER_KEY, t, 100), true); }

    function whilePaying(TtalkakEscrow.Terms memory t) private {
        settle(t, 100, false, false);
        escrow.payout(one(PROVIDER), t.token);
    }

    function whileWithdrawing(TtalkakEscrow.Terms memory t) private {
        vm.prank(PROVIDER);
        close(t, 0, "");
        vm.prank(TENANT);
        escrow.withdraw(t.token, 10_000);
    }

    function test_no_call_that_sends_can_be_re_entered() public {
        TtalkakEscrow.Terms[] memory none = new TtalkakEscrow.Terms[](0);
        TtalkakEscrow.Terms memory t = makeTerms(1);
        bytes[12] memory ways = [
            abi.encodeCall(escrow.deposit, (address(0), 0)),
            abi.encodeCall(escrow.depositWithPermit, (address(token), 0, 0, 0, 0, 0)),
            abi.encodeCall(escrow.depositWithPermitFor, (TENANT, address(token), 0, 0, 0, 0, 0)),
            abi.encodeCall(escrow.depositWithAuthorization, (TENANT, address(token), 0, 0, 0, 0, 0, 0, 0)),
            abi.encodeCall(escrow.withdraw, (address(token), 0)),
            abi.encodeCall(escrow.open, (t, 1, "")),
            abi.encodeCall(escrow.openMany, (none, new uint96[](0), new bytes[](0))),
            abi.encodeCall(escrow.requestClose, (t)),
            abi.encodeCall(escrow.close, (none, new uint96[](0), new bytes[](0))),
            abi.encodeCall(escrow.claim, (none, new uint96[](0), new bytes[](0), false)),
            abi.encodeCall(escrow.payout, (new address[](0), address(token))),
            abi.encodeCall(escrow.settleFlat, (1, address(token), new uint256[](0)))
        ];
        for (uint256 i; i < ways.length; ++i) {
            setUp();
            blocked(ways[i], whileSettling);
            setUp();
            blocked(ways[i], whileClaiming);
        }
        bytes memory withdrawal = abi.encodeCall(escrow.withdraw, (address(token), 0));
        setUp(); blocked(withdrawal, whileDepositing);
        setUp(); blocked(withdrawal, whilePaying);
        setUp(); blocked(withdrawal, whileWithdrawing);
        bytes memory under = abi.encodeCall(escrow.openUnder, (none, new uint96[](0), new TtalkakEscrow.Mandate[](0), new bytes[](0)));
        setUp(); blocked(under, whileSettling);
    }

    // ---- payees of coins

    function payee(Payee.Manner manner) private returns (Payee made) {
        made = new Payee();
        made.become(manner, escrow, abi.encodeCall(escrow.withdraw, (address(0), 0)));
    }

    function test_a_payee_that_accepts_is_paid_in_coins() public {
        Payee provider = payee(Payee.Manner.Accept);
        TtalkakEscrow.Terms memory t = openedIn(address(0), address(provider), 1);
        settle(t, 100, true, false);
        eq(address(provider).balance, 95, "pushed");
    }

    function test_a_payee_that_refuses_coins_has_credit() public {
        Payee provider = payee(Payee.Manner.Refuse);
        TtalkakEscrow.Terms memory t = openedIn(address(0), address(provider), 1);
        settle(t, 100, true, false);
        eq(credit(address(provider), address(0)), 95, "credit");
        vm.expectRevert(abi.encodeWithSelector(EscrowNews.NotPaid.selector, address(provider)));
        escrow.payout(one(address(provider)), address(0));
        provider.become(Payee.Manner.Accept, escrow, "");
        escrow.payout(one(address(provider)), address(0));
        eq(address(provider).balance, 95, "once it accepts");
    }

    function test_a_payee_that_burns_gas_is_bounded() public {
        Payee provider = payee(Payee.Manner.Burn);
        TtalkakEscrow.Terms memory t = openedIn(address(0), address(provider), 1);
        uint256 before = gasleft();
        settle(t, 100, true, false);
        check(before - gasleft() < 200_000, "burnt too much");
        eq(credit(address(provider), address(0)), 95, "credit");
    }

    function test_a_payee_that_re_enters_gets_nothing_more() public {
        Payee provider = payee(Payee.Manner.Reenter);
        TtalkakEscrow.Terms memory t = openedIn(address(0), address(provider), 1);
        claim(t, 100, voucher(METER_KEY, t, 100), true);
        check(!provider.succeeded(), "re-entered");
        eq(address(provider).balance, 95, "paid once");
        eq(address(escrow).balance, 9905, "held");
    }
}
