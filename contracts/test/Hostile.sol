// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TtalkakEscrow} from "../src/TtalkakEscrow.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// A bare token whose answers a test may spoil.
abstract contract Bare {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function move(address from, address to, uint256 amount, uint256 arrives) internal {
        if (from != msg.sender) allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += arrives;
    }
}

/// Answers nothing, as some large tokens do.
contract NoReturn is Bare {
    function transfer(address to, uint256 amount) external { move(msg.sender, to, amount, amount); }
    function transferFrom(address from, address to, uint256 amount) external { move(from, to, amount, amount); }
}

/// Answers false and moves nothing, when told to.
contract FalseReturn is Bare {
    bool public failing;
    uint256 public answer = 1;
    function fail(uint256 as_) external { (failing, answer) = (true, as_); }
    function transfer(address to, uint256 amount) external returns (uint256) {
        if (failing) return answer;
        move(msg.sender, to, amount, amount);
        return 1;
    }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        if (failing) return false;
        move(from, to, amount, amount);
        return true;
    }
}

/// Keeps one percent of what is moved.
contract FeeOnTransfer is Bare {
    function transfer(address to, uint256 amount) external returns (bool) { move(msg.sender, to, amount, amount * 99 / 100); return true; }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) { move(from, to, amount, amount * 99 / 100); return true; }
}

/// Freezes whom it likes.
contract Freezing is Bare {
    mapping(address => bool) public frozen;
    function freeze(address who, bool yes) external { frozen[who] = yes; }
    function transfer(address to, uint256 amount) external returns (bool) { require(!frozen[to]); move(msg.sender, to, amount, amount); return true; }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) { require(!frozen[from]); move(from, to, amount, amount); return true; }
}

/// Accepts a permit without doing anything.
contract Swallowing is Bare {
    function nonces(address) external pure returns (uint256) { return 0; }
    function permit(address, address, uint256, uint256, uint8, bytes32, bytes32) external {}
    function transfer(address to, uint256 amount) external returns (bool) { move(msg.sender, to, amount, amount); return true; }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) { move(from, to, amount, amount); return true; }
}

/// Burns all gas it is given, or answers at great length, when it pays out.
contract Greedy is Bare {
    bool public lengthy;
    function talk() external { lengthy = true; }
    function transfer(address, uint256) external view returns (bool) {
        if (lengthy) assembly { revert(0, 20000) }
        for (;;) {}
        return true;
    }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) { move(from, to, amount, amount); return true; }
}

/// Calls back while it moves, and keeps what came of it.
contract Reentering is Bare {
    address public target;
    bytes public data;
    bool public succeeded;
    bytes public reason;
    function aim(address target_, bytes calldata data_) external { (target, data) = (target_, data_); }
    function strike() internal {
        if (target == address(0)) return;
        (address at_, bytes memory what) = (target, data);
        target = address(0);
        (succeeded, reason) = at_.call(what);
    }
    function transfer(address to, uint256 amount) external returns (bool) { strike(); move(msg.sender, to, amount, amount); return true; }
    function transferFrom(address from, address to, uint256 amount) external returns (bool) { strike(); move(from, to, amount, amount); return true; }
}

/// A payee of coins that misbehaves as told.
contract Payee {
    enum Manner { Accept, Refuse, Burn, Reenter }
    Manner public manner;
    TtalkakEscrow public escrow;
    bytes public data;
    bool public succeeded;
    uint256 public burnt;
    function become(Manner manner_, TtalkakEscrow escrow_, bytes calldata data_) external { (manner, escrow, data) = (manner_, escrow_, data_); }
    function act(address target, bytes calldata what) external payable {
        (bool ok, bytes memory answer) = target.call{value: msg.value}(what);
        if (!ok) assembly { revert(add(answer, 32), mload(answer)) }
    }
    receive() external payable {
        if (manner == Manner.Refuse) revert("no");
        if (manner == Manner.Burn) for (;;) ++burnt;
        if (manner == Manner.Reenter) (succeeded,) = address(escrow).call(data);
    }
}

/// A wallet that is a contract (ERC-1271): its owner's key signs for it.
contract Wallet {
    address public immutable owner;
    constructor(address owner_) { owner = owner_; }
    function isValidSignature(bytes32 digest, bytes calldata sig) external view returns (bytes4) {
        (bytes32 r, bytes32 s, uint8 v) = (bytes32(sig[0:32]), bytes32(sig[32:64]), uint8(sig[64]));
        return ecrecover(digest, v, r, s) == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
    function act(address target, bytes calldata what) external {
        (bool ok,) = target.call(what);
        require(ok);
    }
}
