// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";
import {DevToken} from "../src/DevToken.sol";

/// The cheat codes that these tests use.
interface Vm {

    struct Gas { uint64 gasLimit; uint64 gasTotalUsed; uint64 gasMemoryUsed; int64 gasRefunded; uint64 gasRemaining; }
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address);
    function prank(address sender) external;
    function startPrank(address sender) external;
    function stopPrank() external;
    function warp(uint256 timestamp) external;
    function etch(address who, bytes calldata code) external;
    function deal(address who, uint256 amount) external;
    function chainId(uint256 id) external;
    function expectEmit() external;
    function expectRevert() external;
    function expectRevert(bytes4) external;
    function expectRevert(bytes calldata) external;

    function lastCallGas() external view returns (Gas memory);
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory);
    function readFile(string calldata path) external view returns (string memory);
    function parseBytes(string calldata text) external pure returns (bytes memory);
    function toString(uint256 n) external pure returns (string memory);
    function assertEq(uint256 left, uint256 right, string calldata what) external pure;
}

/// What every test begins with: an escrow, a token, keys, and short names for what parties do.
abstract contract Base {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    bytes32 internal constant DOMAIN = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    uint256 internal constant METER_KEY = 0xC0;
    uint256 internal constant TENANT_KEY = 0xD1;
    uint256 internal constant PROVIDER_KEY = 0xE1;
    address internal immutable METER = vm.addr(METER_KEY);
    address internal immutable TENANT = vm.addr(TENANT_KEY);
    address internal immutable PROVIDER = vm.addr(PROVIDER_KEY);
    address internal constant GUARDIAN = address(0x6A);
    address internal constant FEE_TO = address(0xFEE);
    address internal constant STRANGER = address(0x57);
    uint256 internal constant NOTICE = 1 days;

    TtalkakEscrow internal escrow;
    DevToken internal token;
    /// One unit a second, so that a bound reads as seconds.
    uint96 internal constant RATE = 3600;
    uint40 internal constant T0 = 1_700_000_000;

    function begin() internal {
        vm.warp(T0);
        escrow = makeEscrow(METER, GUARDIAN, FEE_TO, 500);
        token = new DevToken();
    }

    /// The escrow as compiled with the tests, or the code in the file that `ESCROW_CODE` names: so the mutants run
    /// without compiling the tests again.
    function makeEscrow(address meter, address guardian, address feeTo, uint16 feeBps) internal returns (TtalkakEscrow made) {
        string memory file = vm.envOr("ESCROW_CODE", "");
        if (bytes(file).length == 0) return new TtalkakEscrow(meter, guardian, feeTo, feeBps);
        bytes memory code = bytes.concat(vm.parseBytes(vm.readFile(file)), abi.encode(meter, guardian, feeTo, feeBps));
        assembly ("memory-safe") {
            made := create(0, add(code, 32), mload(code))
            if iszero(made) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    // ---- claims about the world
    function check(bool holds, string memory what) internal pure {
        require(holds, what);
    }

    function eq(uint256 a, uint256 b, string memory what) internal pure {
        vm.assertEq(a, b, what);
    }

    function text(uint256 n) internal pure returns (string memory) {
        return vm.toString(n);
    }

    function within(uint256 x, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + x % (high - low + 1);
    }

    function refused(bytes4 reason) internal {
        vm.expectRevert(reason);
    }

    function refused(bytes4 reason, bytes32 id) internal {
        vm.expectRevert(abi.encodeWithSelector(reason, id));
    }

    // ---- signing
    function separator(address verifier) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN, keccak256("TtalkakEscrow"), keccak256("1"), block.chainid, verifier));
    }

    function signAt(uint256 key, bytes32 domain, bytes32 structHash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked("\x19\x01", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }

    function sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        return signAt(key, separator(address(escrow)), structHash);
    }

    function lockHash(bytes32 id, uint96 amount) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Lock(bytes32 agreement,uint96 cap)"), id, amount));
    }

    function voucherHash(bytes32 id, uint96 cumulative) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Voucher(bytes32 agreement,uint96 cumulative)"), id, cumulative));
    }

    function closeHash(bytes32 id, uint96 cumulative) internal pure returns (bytes32) {
        return keccak256(abi.encode(keccak256("Close(bytes32 agreement,uint96 cumulative)"), id, cumulative));
    }

    function voucher(uint256 key, TtalkakEscrow.Terms memory t, uint96 cumulative) internal view returns (bytes memory) {
        return sign(key, voucherHash(escrow.termsId(t), cumulative));
    }

    function lock(uint256 key, TtalkakEscrow.Terms memory t, uint96 amount) internal view returns (bytes memory) {
        return sign(key, lockHash(escrow.termsId(t), amount));
    }

    function closing(uint256 key, TtalkakEscrow.Terms memory t, uint96 cumulative) internal view returns (bytes memory) {
        return sign(key, closeHash(escrow.termsId(t), cumulative));
    }

    // ---- making
    function makeTerms(uint64 salt) internal view returns (TtalkakEscrow.Terms memory) {
        return TtalkakEscrow.Terms(TENANT, PROVIDER, address(token), RATE, T0, T0 + 30 days, salt);
    }

    function makeMandate() internal view returns (TtalkakEscrow.Mandate memory) {
        return TtalkakEscrow.Mandate(TENANT, address(token), RATE, 1_000_000, 0, T0, T0 + 30 days, 1);
    }

    function fund(address who, uint256 amount) internal {
        token.mint(who, amount);
        vm.startPrank(who);
        token.approve(address(escrow), amount);
        escrow.deposit(address(token), amount);
        vm.stopPrank();
    }

    /// An open agreement in the token, its tenant funded with just the cap.
    function opened(uint64 salt, uint96 amount) internal returns (TtalkakEscrow.Terms memory t) {
        t = makeTerms(salt);
        fund(TENANT, amount);
        vm.prank(TENANT);
        escrow.open(t, amount, "");
    }

    function one(TtalkakEscrow.Terms memory t) internal pure returns (TtalkakEscrow.Terms[] memory many) {
        many = new TtalkakEscrow.Terms[](1);
        many[0] = t;
    }

    function one(TtalkakEscrow.Mandate memory m) internal pure returns (TtalkakEscrow.Mandate[] memory many) {
        many = new TtalkakEscrow.Mandate[](1);
        many[0] = m;
    }

    function one(uint96 amount) internal pure returns (uint96[] memory many) {
        many = new uint96[](1);
        many[0] = amount;
    }

    function one(bytes memory sig) internal pure returns (bytes[] memory many) {
        many = new bytes[](1);
        many[0] = sig;
    }

    function one(address who) internal pure returns (address[] memory many) {
        many = new address[](1);
        many[0] = who;
    }

    // ---- doing
    function claim(TtalkakEscrow.Terms memory t, uint96 cumulative, bytes memory sig, bool pay) internal {
        escrow.claim(one(t), one(cumulative), one(sig), pay);
    }

    function close(TtalkakEscrow.Terms memory t, uint96 cumulative, bytes memory sig) internal {
        escrow.close(one(t), one(cumulative), one(sig));
    }

    function openUnder(TtalkakEscrow.Terms memory t, uint96 amount, TtalkakEscrow.Mandate memory m, bytes memory sig) internal {
        vm.prank(METER);
        escrow.openUnder(one(t), one(amount), one(m), one(sig));
    }

    function header(address provider, bool push, uint256 count) internal pure returns (uint256) {
        return uint256(uint160(provider)) << 96 | (push ? uint256(1) << 95 : 0) | count;
    }

    function wordA(TtalkakEscrow.Terms memory t) internal pure returns (uint256) {
        return uint256(uint160(t.tenant)) << 96 | t.ratePerHour;
    }

    function wordB(TtalkakEscrow.Terms memory t, uint96 cumulative, bool end) internal pure returns (uint256) {
        return (end ? uint256(1) << 255 : 0) | uint256(t.start) << 200 | uint256(t.expiry) << 160 | uint256(t.salt) << 96 | cumulative;
    }

    function item(TtalkakEscrow.Terms memory t, uint96 cumulative, bool push, bool end) internal pure returns (uint256[] memory words) {
        words = new uint256[](3);
        (words[0], words[1], words[2]) = (header(t.provider, push, 1), wordA(t), wordB(t, cumulative, end));
    }

    /// The meter settles one agreement in the next batch.
    function settle(TtalkakEscrow.Terms memory t, uint96 cumulative, bool push, bool end) internal {
        uint64 next = escrow.lastBatch() + 1;
        vm.prank(METER);
        escrow.settleFlat(next, t.token, item(t, cumulative, push, end));
    }

    // ---- reading
    function cap(TtalkakEscrow.Terms memory t) internal view returns (uint96 value) {
        (value,,) = escrow.agreements(escrow.termsId(t));
    }

    function claimed(TtalkakEscrow.Terms memory t) internal view returns (uint96 value) {
        (, value,) = escrow.agreements(escrow.termsId(t));
    }

    function endedAt(TtalkakEscrow.Terms memory t) internal view returns (uint40 value) {
        (,, value) = escrow.agreements(escrow.termsId(t));
    }
}
