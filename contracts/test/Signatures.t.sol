// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {Wallet} from "./Hostile.sol";
import {EscrowNews} from "../src/EscrowNews.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

/// What a signature is not good for.
contract SignaturesTest is Base {
    TtalkakEscrow.Terms private t;
    bytes32 private id;

    function setUp() public {
        begin();
        t = opened(1, 10_000);
        id = escrow.termsId(t);
        vm.warp(T0 + 1000);
    }

    function bad(bytes memory sig) private {
        refused(EscrowNews.BadSignature.selector);
        claim(t, 100, sig, false);
    }

    function test_the_meter_and_the_tenant_vouch_and_nobody_else() public {
        claim(t, 100, voucher(METER_KEY, t, 100), false);
        claim(t, 200, voucher(TENANT_KEY, t, 200), false);
        bytes memory sig = voucher(PROVIDER_KEY, t, 300);
        refused(EscrowNews.BadSignature.selector);
        claim(t, 300, sig, false);
        eq(claimed(t), 200, "claimed");
    }

    function test_a_signature_for_another_chain_is_refused() public {
        bytes32 here = separator(address(escrow));
        vm.chainId(1);
        bytes memory sig = voucher(METER_KEY, t, 100);
        vm.chainId(31337);
        check(here == separator(address(escrow)), "back");
        bad(sig);
        // And on a fork of this chain under a new id, the old ones are refused.
        sig = voucher(METER_KEY, t, 100);
        vm.chainId(1);
        bad(sig);
        claim(t, 100, voucher(METER_KEY, t, 100), false);
    }

    function test_a_signature_for_another_contract_is_refused() public {
        bad(signAt(METER_KEY, separator(address(token)), voucherHash(id, 100)));
        TtalkakEscrow twin = makeEscrow(METER, GUARDIAN, FEE_TO, 500);
        bad(signAt(METER_KEY, separator(address(twin)), voucherHash(id, 100)));
    }

    function test_a_signature_for_another_name_or_version_is_refused() public {
        bytes32 named = keccak256(abi.encode(DOMAIN, keccak256("Ttalkak"), keccak256("1"), block.chainid, address(escrow)));
        bad(signAt(METER_KEY, named, voucherHash(id, 100)));
        bytes32 versioned = keccak256(abi.encode(DOMAIN, keccak256("TtalkakEscrow"), keccak256("2"), block.chainid, address(escrow)));
        bad(signAt(METER_KEY, versioned, voucherHash(id, 100)));
    }

    function test_a_signature_for_another_agreement_or_total_is_refused() public {
        bad(voucher(METER_KEY, makeTerms(2), 100));
        bad(voucher(METER_KEY, t, 101));
        bad(sign(METER_KEY, lockHash(id, 100)));
        bad(sign(METER_KEY, closeHash(id, 100)));
        bad(sign(METER_KEY, keccak256(abi.encode(id, uint96(100)))));
    }

    function test_a_malleated_signature_is_refused() public {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(METER_KEY, keccak256(abi.encodePacked("\x19\x01", separator(address(escrow)), voucherHash(id, 100))));
        bad(abi.encodePacked(r, bytes32(N - uint256(s)), v == 27 ? uint8(28) : uint8(27)));
        claim(t, 100, abi.encodePacked(r, s, v), false);
    }

    function test_other_shapes_of_signatures_are_refused() public {
        bytes memory whole = voucher(METER_KEY, t, 100);
        bytes memory short = new bytes(64);
        for (uint256 i; i < 64; ++i) short[i] = whole[i];
        bad(short);
        // The 64-byte form of EIP-2098.
        if (whole[64] == 0x1c) short[32] |= 0x80;
        bad(short);
        bad("");
        bad(bytes.concat(whole, hex"00"));
        bytes memory zero = abi.encodePacked(whole);
        zero[64] = bytes1(uint8(zero[64]) - 27);
        bad(zero);
        bad(new bytes(65));
    }

    function test_nobody_signs_for_the_zero_address() public {
        TtalkakEscrow.Terms memory none = makeTerms(3);
        none.tenant = address(0);
        refused(EscrowNews.BadSignature.selector);
        escrow.open(none, 1, new bytes(65));
        refused(EscrowNews.BadSignature.selector);
        claim(none, 0, new bytes(65), false);
        none = opened(4, 10);
        none = makeTerms(5);
        none.provider = address(0);
        fund(TENANT, 10);
        vm.prank(TENANT);
        escrow.open(none, 10, "");
        refused(EscrowNews.BadSignature.selector);
        close(none, 0, new bytes(65));
    }

    function test_a_lock_is_good_for_its_cap_once() public {
        fund(TENANT, 20_000);
        bytes memory sig = lock(TENANT_KEY, t, 11_000);
        escrow.open(t, 11_000, sig);
        refused(EscrowNews.NotHigher.selector, id);
        escrow.open(t, 11_000, sig);
        eq(escrow.free(TENANT, address(token)), 19_000, "free");
        refused(EscrowNews.BadSignature.selector);
        escrow.open(t, 11_001, sig);
        bytes memory asVoucher = voucher(TENANT_KEY, t, 12_000);
        refused(EscrowNews.BadSignature.selector);
        escrow.open(t, 12_000, asVoucher);
    }

    function test_a_wallet_that_is_a_contract_signs_everything_a_key_signs() public {
        Wallet tenant = new Wallet(TENANT);
        Wallet provider = new Wallet(PROVIDER);
        TtalkakEscrow.Terms memory u = makeTerms(6);
        (u.tenant, u.provider, u.start) = (address(tenant), address(provider), T0 + 900);
        token.mint(address(tenant), 1000);
        tenant.act(address(token), abi.encodeCall(token.approve, (address(escrow), 1000)));
        tenant.act(address(escrow), abi.encodeCall(escrow.deposit, (address(token), 1000)));
        bytes memory sig = lock(PROVIDER_KEY, u, 400);
        refused(EscrowNews.BadSignature.selector);
        escrow.open(u, 400, sig);
        escrow.open(u, 400, lock(TENANT_KEY, u, 400));
        TtalkakEscrow.Mandate memory m = makeMandate();
        m.tenant = address(tenant);
        openUnder(u, 500, m, sign(TENANT_KEY, escrow.mandateId(m)));
        claim(u, 50, voucher(TENANT_KEY, u, 50), true);
        claim(u, 60, voucher(METER_KEY, u, 60), true);
        sig = voucher(PROVIDER_KEY, u, 70);
        refused(EscrowNews.BadSignature.selector);
        claim(u, 70, sig, true);
        sig = closing(TENANT_KEY, u, 60);
        refused(EscrowNews.BadSignature.selector);
        close(u, 60, sig);
        close(u, 60, closing(PROVIDER_KEY, u, 60));
        eq(escrow.free(address(tenant), address(token)), 940, "rest");
    }
}
