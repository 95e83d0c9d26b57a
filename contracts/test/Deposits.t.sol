// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Swallowing} from "./Hostile.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {DevToken} from "../src/DevToken.sol";

/// Money in, and free money out.
contract DepositsTest is Base {
    bytes32 private constant PERMIT = keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant RECEIVE = keccak256("ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)");

    function setUp() public {
        begin();
        token.mint(TENANT, 1000);
        vm.deal(TENANT, 1000);
    }

    function digest(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", token.DOMAIN_SEPARATOR(), structHash));
    }

    function permit(uint256 key, uint256 amount, uint256 nonce) private view returns (uint8, bytes32, bytes32) {
        return vm.sign(key, digest(keccak256(abi.encode(PERMIT, TENANT, address(escrow), amount, nonce, T0 + 1))));
    }

    function free(address who) private view returns (uint256) {
        return escrow.free(who, address(token));
    }

    function test_tokens_are_credited_to_the_sender() public {
        vm.startPrank(TENANT);
        token.approve(address(escrow), 1000);
        escrow.deposit(address(token), 400);
        escrow.deposit(address(token), 600);
        eq(free(TENANT), 1000, "free");
        eq(token.balanceOf(address(escrow)), 1000, "held");
    }

    function test_coins_are_credited_to_the_sender() public {
        vm.prank(TENANT);
        escrow.deposit{value: 10}(address(0), 10);
        eq(escrow.free(TENANT, address(0)), 10, "free");
        eq(address(escrow).balance, 10, "held");
    }

    function test_a_value_that_is_not_the_amount_is_refused() public {
        vm.startPrank(TENANT);
        refused(EscrowNews.WrongValue.selector);
        escrow.deposit{value: 9}(address(0), 10);
        token.approve(address(escrow), 10);
        refused(EscrowNews.WrongValue.selector);
        escrow.deposit{value: 1}(address(token), 10);
    }

    function test_a_deposit_of_nothing_is_refused() public {
        refused(EscrowNews.NothingArrived.selector);
        escrow.deposit(address(token), 0);
        refused(EscrowNews.NothingArrived.selector);
        escrow.deposit(address(0), 0);
    }

    function test_coins_that_are_merely_sent_are_refused() public {
        vm.prank(TENANT);
        (bool ok,) = address(escrow).call{value: 1}("");
        check(!ok, "accepted");
    }

    function test_a_permit_deposits_for_its_owner() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(TENANT_KEY, 700, 0);
        vm.prank(TENANT);
        escrow.depositWithPermit(address(token), 700, T0 + 1, v, r, s);
        eq(free(TENANT), 700, "free");
    }

    function test_a_permit_that_someone_used_first_does_not_stop_the_deposit() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(TENANT_KEY, 700, 0);
        vm.prank(STRANGER);
        token.permit(TENANT, address(escrow), 700, T0 + 1, v, r, s);
        vm.prank(TENANT);
        escrow.depositWithPermit(address(token), 700, T0 + 1, v, r, s);
        eq(free(TENANT), 700, "free");
    }

    function test_a_bad_permit_without_allowance_deposits_nothing() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(PROVIDER_KEY, 700, 0);
        vm.expectRevert();
        vm.prank(TENANT);
        escrow.depositWithPermit(address(token), 700, T0 + 1, v, r, s);
    }

    function test_a_relayed_permit_credits_its_owner_and_not_the_relay() public {
        (uint8 v, bytes32 r, bytes32 s) = permit(TENANT_KEY, 700, 0);
        vm.prank(STRANGER);
        escrow.depositWithPermitFor(TENANT, address(token), 700, T0 + 1, v, r, s);
        eq(free(TENANT), 700, "free of the owner");
        eq(free(STRANGER), 0, "free of the relay");
    }

    function test_a_standing_allowance_is_out_of_a_strangers_reach() public {
        vm.prank(TENANT);
        token.approve(address(escrow), 1000);
        (uint8 v, bytes32 r, bytes32 s) = permit(PROVIDER_KEY, 1000, 0);
        vm.startPrank(STRANGER);
        vm.expectRevert();
        escrow.depositWithPermitFor(TENANT, address(token), 1000, T0 + 1, v, r, s);
        // Neither by a permit that was used before.
        (v, r, s) = permit(TENANT_KEY, 1000, 0);
        token.permit(TENANT, address(escrow), 1000, T0 + 1, v, r, s);
        vm.expectRevert();
        escrow.depositWithPermitFor(TENANT, address(token), 1000, T0 + 1, v, r, s);
    }

    function test_a_token_that_swallows_the_permit_gives_no_reach_either() public {
        Swallowing swallowing = new Swallowing();
        swallowing.mint(TENANT, 1000);
        vm.prank(TENANT);
        swallowing.approve(address(escrow), 1000);
        refused(EscrowNews.PermitUnused.selector);
        escrow.depositWithPermitFor(TENANT, address(swallowing), 1000, T0 + 1, 27, 0, 0);
    }

    function test_an_authorization_deposits_for_its_signer() public {
        bytes32 nonce = keccak256("any");
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(TENANT_KEY, digest(keccak256(abi.encode(RECEIVE, TENANT, address(escrow), 300, 0, T0 + 1, nonce))));
        vm.startPrank(STRANGER);
        // Nobody but the escrow can use it.
        vm.expectRevert();
        token.receiveWithAuthorization(TENANT, address(escrow), 300, 0, T0 + 1, nonce, v, r, s);
        escrow.depositWithAuthorization(TENANT, address(token), 300, 0, T0 + 1, nonce, v, r, s);
        eq(free(TENANT), 300, "free");
        vm.expectRevert();
        escrow.depositWithAuthorization(TENANT, address(token), 300, 0, T0 + 1, nonce, v, r, s);
    }

    function test_free_money_leaves_at_once_and_only_to_its_owner() public {
        fund(TENANT, 50);
        vm.startPrank(TENANT);
        uint256 before = token.balanceOf(TENANT);
        escrow.withdraw(address(token), 20);
        eq(token.balanceOf(TENANT) - before, 20, "received");
        eq(free(TENANT), 30, "left");
        vm.expectRevert(abi.encodeWithSelector(EscrowNews.Insufficient.selector, TENANT));
        escrow.withdraw(address(token), 31);
        vm.stopPrank();
        vm.expectRevert(abi.encodeWithSelector(EscrowNews.Insufficient.selector, STRANGER));
        vm.prank(STRANGER);
        escrow.withdraw(address(token), 1);
    }

    function test_free_coins_leave_too() public {
        vm.startPrank(TENANT);
        escrow.deposit{value: 10}(address(0), 10);
        escrow.withdraw(address(0), 10);
        eq(TENANT.balance, 1000, "whole");
    }

    function testFuzz_what_comes_in_goes_out(uint128 amount, uint128 part) public {
        amount = uint128(within(amount, 1, type(uint128).max));
        part = uint128(within(part, 0, amount));
        fund(STRANGER, amount);
        vm.prank(STRANGER);
        escrow.withdraw(address(token), part);
        eq(token.balanceOf(STRANGER), part, "out");
        eq(free(STRANGER), amount - part, "left");
        eq(token.balanceOf(address(escrow)), amount - part, "held");
    }

    function test_the_development_token_is_what_it_says() public view {
        eq(token.decimals(), 6, "decimals");
        check(keccak256(bytes(token.symbol())) == keccak256("tUSD"), "symbol");
        check(keccak256(bytes(token.name())) == keccak256("Ttalkak test dollar"), "name");
    }
}
