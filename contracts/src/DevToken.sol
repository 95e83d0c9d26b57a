// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @title A worthless dollar for development chains.
/// @notice Anyone may mint any amount, so it must never stand for value. It answers as the large stablecoins do:
/// 6 decimals, EIP-2612 permits and EIP-3009 authorizations.
contract DevToken is ERC20Permit, ERC3009 {
    constructor() ERC20("Ttalkak test dollar", "tUSD") ERC20Permit("Ttalkak test dollar") {}

    /// @notice Makes `amount` base units out of nothing for `to`.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @inheritdoc ERC20
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
