// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "./Base.sol";
import {NoReturn, Payee} from "./Hostile.sol";
import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";

interface Coin {
    function balanceOf(address who) external view returns (uint256);
    function mint(address to, uint256 amount) external;
    function approve(address spender, uint256 amount) external;
}

/// Tenants, providers, meters and a guardian who do what they may, in any order. It reverts nowhere: each step asks first
/// what is possible, and a step that fails is a broken promise of the contract.
contract Handler is Base {
    uint256 public constant PARTIES = 3;
    uint256 public constant COINS = 4; // two tokens with decimals of their own, one that answers nothing, and the chain's coin

    address[COINS] public coins;
    address[PARTIES] public tenants;
    address[PARTIES] public providers;
    uint256[PARTIES] private tenantKeys = [uint256(0xD1), 0xD2, 0xD3];
    uint256[PARTIES] private providerKeys = [uint256(0xE1), 0xE2, 0xE3];
    uint256 private meterKey = METER_KEY;
    uint256 private nextMeterKey = 0xC1;

    TtalkakEscrow.Terms[] private all;
    bytes32[] private ids;
    TtalkakEscrow.Mandate[] private mandates_;
    mapping(bytes32 id => uint96) public seenClaimed;
    mapping(bytes32 id => uint96) public authorised;
    mapping(bytes32 mandate => uint256) public lockedUnder;
    mapping(address who => mapping(address coin => uint256)) public putIn;
    uint64 public batches;
    uint256 public paidGross;

    constructor() {
        begin();
        coins = [address(token), address(new NoReturn()), address(new NoReturn()), address(0)];
        for (uint256 i; i < PARTIES; ++i) (tenants[i], providers[i]) = (vm.addr(tenantKeys[i]), vm.addr(providerKeys[i]));
        // One provider refuses the chain's coin: it lives on credit.
        Payee stubborn = new Payee();
        stubborn.become(Payee.Manner.Refuse, escrow, "");
        providers[2] = address(stubborn);
    }

    function theEscrow() external view returns (TtalkakEscrow) { return escrow; }
    function mandateCount() external view returns (uint256) { return mandates_.length; }
    function mandate(uint256 i) external view returns (TtalkakEscrow.Mandate memory) { return mandates_[i]; }

    function held(address coin) public view returns (uint256) {
        return coin == address(0) ? address(escrow).balance : Coin(coin).balanceOf(address(escrow));
    }

    function deposit(uint256 who, uint256 coin, uint256 amount) public {
        (address tenant, address c) = (tenants[who % PARTIES], coins[coin % COINS]);
        amount = within(amount, 1, 1e9);
        putIn[tenant][c] += amount;
        if (c == address(0)) {
            vm.deal(tenant, tenant.balance + amount);
            vm.prank(tenant);
            escrow.deposit{value: amount}(c, amount);
        } else {
            Coin(c).mint(tenant, amount);
            vm.startPrank(tenant);
            Coin(c).approve(address(escrow), amount);
            escrow.deposit(c, amount);
            vm.stopPrank();
        }
    }

    function withdraw(uint256 who, uint256 coin, uint256 amount) external {
        (address tenant, address c) = (tenants[who % PARTIES], coins[coin % COINS]);
        amount = within(amount, 0, escrow.free(tenant, c));
        vm.prank(tenant);
        escrow.withdraw(c, amount);
    }

    function fresh(uint256 who, uint256 provider, uint256 coin, uint256 rate) private view returns (TtalkakEscrow.Terms memory) {
        return TtalkakEscrow.Terms(
            tenants[who % PARTIES], providers[provider % PARTIES], coins[coin % COINS], uint96(within(rate, 1, 1e9)),
            uint40(block.timestamp), uint40(block.timestamp + within(rate, 1, 20 days)), uint64(all.length)
        );
    }

    function open(uint256 who, uint256 provider, uint256 coin, uint256 rate, uint256 amount) external {
        TtalkakEscrow.Terms memory t = fresh(who, provider, coin, rate);
        if (escrow.free(t.tenant, t.token) == 0) deposit(who, coin, amount);
        uint96 to = uint96(within(amount, 1, escrow.free(t.tenant, t.token)));
        escrow.open(t, to, lock(tenantKeys[who % PARTIES], t, to));
        remember(t, to);
    }

    function remember(TtalkakEscrow.Terms memory t, uint96 to) private {
        bytes32 id = escrow.termsId(t);
        all.push(t);
        ids.push(id);
        authorised[id] = to;
    }

    function raise(uint256 k, uint256 amount) external {
        if (all.length == 0) return;
        TtalkakEscrow.Terms memory t = all[k % all.length];
        uint256 spare = escrow.free(t.tenant, t.token);
        if (spare == 0 || endedAt(t) != 0 || block.timestamp >= t.expiry) return;
        uint96 to = cap(t) + uint96(within(amount, 1, spare));
        vm.prank(t.tenant);
        escrow.open(t, to, "");
        authorised[escrow.termsId(t)] = to;
    }

    function makeMandate(uint256 who, uint256 coin, uint256 rate, uint256 period) external {
        mandates_.push(TtalkakEscrow.Mandate(
            tenants[who % PARTIES], coins[coin % COINS], uint96(within(rate, 1, 1e9)), uint96(within(rate, 1, 1e9)),
            uint40(period % 3 == 0 ? 0 : within(period, 1 hours, 5 days)), uint40(block.timestamp), uint40(block.timestamp + 60 days), uint64(mandates_.length)
        ));
    }

    function openUnder(uint256 m, uint256 provider, uint256 rate, uint256 amount) external {
        if (mandates_.length == 0) return;
        TtalkakEscrow.Mandate memory under = mandates_[m % mandates_.length];
        bytes32 id = escrow.mandateId(under);
        (uint96 used, uint40 window,, bool revoked) = escrow.mandates(id);
        if (revoked || block.timestamp >= under.expiry) return;
        uint256 now_ = under.period == 0 ? 0 : (block.timestamp - under.start) / under.period;
        uint256 most = under.cap - (now_ == window ? used : 0);
        uint256 spare = escrow.free(under.tenant, under.token);
        if (spare < most) most = spare;
        if (most == 0) return;
        TtalkakEscrow.Terms memory t = TtalkakEscrow.Terms(
            under.tenant, providers[provider % PARTIES], under.token, uint96(within(rate, 1, under.ratePerHourMax)),
            uint40(block.timestamp), under.expiry, uint64(all.length)
        );
        uint96 to = uint96(within(amount, 1, most));
        bytes memory sig = sign(keyOf(under.tenant), id);
        vm.prank(escrow.meter());
        escrow.openUnder(one(t), one(to), one(under), one(sig));
        remember(t, to);
        lockedUnder[id] += to;
    }

    function revoke(uint256 m) external {
        if (mandates_.length == 0) return;
        TtalkakEscrow.Mandate memory under = mandates_[m % mandates_.length];
        vm.prank(under.tenant);
        escrow.revoke(under);
    }

    /// The most that may be paid for it now.
    function bound(TtalkakEscrow.Terms memory t) public view returns (uint96) {
        return bound(t, cap(t), endedAt(t));
    }

    function bound(TtalkakEscrow.Terms memory t, uint96 most, uint256 ended) private view returns (uint96) {
        uint256 end = block.timestamp < t.expiry ? block.timestamp : t.expiry;
        if (ended != 0 && ended < end) end = ended;
        if (end < t.start) return 0;
        uint256 earned = uint256(t.ratePerHour) * (end - t.start) / 3600;
        return earned < most ? uint96(earned) : most;
    }

    function paid(TtalkakEscrow.Terms memory t, uint96 before) private {
        paidGross += claimed(t) - before;
    }

    function settle(uint256 k, uint256 amount, bool push, bool end) external {
        if (all.length == 0) return;
        TtalkakEscrow.Terms memory t = all[k % all.length];
        uint96 before = claimed(t);
        uint256[] memory words = item(t, uint96(within(amount, 0, bound(t))), push, end);
        vm.prank(escrow.meter());
        escrow.settleFlat(++batches, t.token, words);
        paid(t, before);
    }

    function redeem(uint256 k, uint256 amount, bool byTenant, bool pay) external {
        if (all.length == 0) return;
        TtalkakEscrow.Terms memory t = all[k % all.length];
        uint96 before = claimed(t);
        uint96 total = uint96(within(amount, 0, bound(t)));
        bool refuses = t.provider == providers[2] && t.token == address(0);
        claim(t, total, voucher(byTenant ? keyOf(t.tenant) : meterKey, t, total), pay && !refuses);
        paid(t, before);
    }

    /// Whatever the total, a batch moves nothing beyond the bound.
    function overreach(uint256 k, uint96 above) external {
        if (all.length == 0) return;
        TtalkakEscrow.Terms memory t = all[k % all.length];
        uint96 before = claimed(t);
        uint256 total = uint256(bound(t)) + 1 + above;
        if (total > type(uint96).max) return;
        uint256[] memory words = item(t, uint96(total), true, true);
        address meter = escrow.meter();
        vm.prank(meter);
        try escrow.settleFlat(batches + 1, t.token, words) { ++batches; } catch {}
        check(claimed(t) == before, "paid beyond the bound");
    }

    function payout(uint256 who, uint256 coin) external {
        (address provider, address c) = (providers[who % PARTIES], coins[coin % COINS]);
        if (provider == providers[2] && c == address(0)) return;
        escrow.payout(one(who % 5 == 4 ? FEE_TO : provider), c);
    }

    function requestClose(uint256 k, bool byMeter) external {
        if (all.length == 0) return;
        TtalkakEscrow.Terms memory t = all[k % all.length];
        if (endedAt(t) != 0) return;
        vm.prank(byMeter ? escrow.meter() : t.tenant);
        escrow.requestClose(t);
    }

    function close(uint256 k, uint256 how) external {
        if (all.length == 0) return;
        TtalkakEscrow.Terms memory t = all[k % all.length];
        uint256 end = endedAt(t);
        if (end == 0 || t.expiry < end) end = t.expiry;
        if (how % 3 == 0) vm.prank(t.provider);
        else if (block.timestamp < end + NOTICE) return;
        close(t, 0, "");
    }

    function rotate() external {
        vm.prank(GUARDIAN);
        escrow.proposeMeter(vm.addr(nextMeterKey));
        vm.warp(block.timestamp + 2 days);
        escrow.acceptMeter();
        (meterKey, nextMeterKey) = (nextMeterKey, meterKey);
    }

    function pause(bool yes) external {
        // Resumed at once, as the other steps could not go on; what a pause stops is tested elsewhere.
        vm.startPrank(GUARDIAN);
        escrow.pause(yes);
        escrow.pause(false);
        vm.stopPrank();
    }

    function warp(uint256 seconds_) external { vm.warp(block.timestamp + within(seconds_, 1, 2 days)); }

    function keyOf(address tenant) private view returns (uint256) {
        for (uint256 i; i < PARTIES; ++i) if (tenants[i] == tenant) return tenantKeys[i];
        return 1;
    }

    /// Looks at all agreements once: none has paid more than its tenant authorised or than rate times time, none less
    /// than before. Returns what they lock, by coin.
    function survey() external returns (uint256[COINS] memory locked) {
        for (uint256 i; i < all.length; ++i) {
            (uint96 most, uint96 total, uint40 ended) = escrow.agreements(ids[i]);
            check(total <= most && most <= authorised[ids[i]], "cap");
            check(total <= bound(all[i], most, ended), "rate times time");
            check(total >= seenClaimed[ids[i]], "a total shrank");
            seenClaimed[ids[i]] = total;
            for (uint256 c; c < COINS; ++c) if (all[i].token == coins[c]) locked[c] += most - total;
        }
    }

    /// Everyone leaves, and nobody helps them.
    function leave() external {
        for (uint256 i; i < all.length; ++i) {
            if (endedAt(all[i]) != 0) continue;
            vm.prank(all[i].tenant);
            escrow.requestClose(all[i]);
        }
        vm.warp(block.timestamp + NOTICE);
        for (uint256 i; i < all.length; ++i) close(all[i], 0, "");
        Payee(payable(providers[2])).become(Payee.Manner.Accept, escrow, "");
        for (uint256 c; c < COINS; ++c) {
            for (uint256 i; i < PARTIES; ++i) {
                uint256 rest = escrow.free(tenants[i], coins[c]);
                vm.prank(tenants[i]);
                escrow.withdraw(coins[c], rest);
                escrow.payout(one(providers[i]), coins[c]);
            }
            escrow.payout(one(FEE_TO), coins[c]);
        }
    }
}

contract InvariantsTest is Base {
    Handler private h;

    function setUp() public {
        h = new Handler();
        escrow = h.theEscrow();
    }

    function targetContracts() public view returns (address[] memory) { return one(address(h)); }

    struct FuzzSelector { address addr; bytes4[] selectors; }

    function targetSelectors() public view returns (FuzzSelector[] memory targets) {
        bytes4[19] memory deeds = [
            h.deposit.selector, h.withdraw.selector, h.open.selector, h.open.selector, h.raise.selector, h.makeMandate.selector, h.openUnder.selector,
            h.openUnder.selector, h.revoke.selector, h.settle.selector, h.settle.selector, h.redeem.selector, h.overreach.selector, h.payout.selector,
            h.requestClose.selector, bytes4(keccak256("close(uint256,uint256)")), h.rotate.selector, h.pause.selector, h.warp.selector
        ];
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(h), new bytes4[](deeds.length));
        for (uint256 i; i < deeds.length; ++i) targets[0].selectors[i] = deeds[i];
    }

    function invariant_money_is_conserved_and_bounded() public {
        // Solvency as an equality: what is held is free, locked or credit, in every token; nothing is made or stranded.
        uint256[4] memory owed = h.survey();
        for (uint256 c; c < h.COINS(); ++c) {
            address coin = h.coins(c);
            owed[c] += escrow.credit(FEE_TO, coin);
            for (uint256 i; i < h.PARTIES(); ++i) owed[c] += escrow.free(h.tenants(i), coin) + escrow.credit(h.providers(i), coin);
            eq(h.held(coin), owed[c], "held is not what is owed");
        }
        for (uint256 m; m < h.mandateCount(); ++m) {
            TtalkakEscrow.Mandate memory under = h.mandate(m);
            uint256 periods = under.period == 0 ? 1 : (block.timestamp - under.start) / under.period + 1;
            check(h.lockedUnder(escrow.mandateId(under)) <= periods * under.cap, "a mandate locked beyond its cap");
        }
        eq(escrow.lastBatch(), h.batches(), "batches go on by one");
    }

    /// Whatever has happened: when all leave, the contract is empty, and each tenant has back what was not earned.
    function afterInvariant() public {
        uint256 earned = h.paidGross();
        h.leave();
        uint256 spent;
        for (uint256 c; c < h.COINS(); ++c) {
            address coin = h.coins(c);
            eq(h.held(coin), 0, "something is stranded");
            for (uint256 i; i < h.PARTIES(); ++i) {
                address tenant = h.tenants(i);
                uint256 has = coin == address(0) ? tenant.balance : Coin(coin).balanceOf(tenant);
                spent += h.putIn(tenant, coin) - has;
            }
        }
        eq(spent, earned, "tenants spent what providers and the fee earned");
    }
}
