// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {EscrowNews} from "./EscrowNews.sol";

/// @title Who signed what, by EIP-712, as a key or as a contract.
abstract contract Signed is EIP712, EscrowNews {
    /// @return digest what is signed for `structHash`
    /// @return signer the key that signed it with 65 bytes and a low s; 0 when none did
    function _recover(bytes32 structHash, bytes calldata sig) internal view returns (bytes32 digest, address signer) {
        digest = _hashTypedDataV4(structHash);
        (signer,,) = ECDSA.tryRecoverCalldata(digest, sig);
    }

    /// `who` signed it. The key is tried first: it costs less, and suits accounts that only delegate to code.
    function _requireSigned(address who, bytes32 structHash, bytes calldata sig) internal view {
        (bytes32 digest, address signer) = _recover(structHash, sig);
        if (signer != address(0) && signer == who) return;
        if (!_contractSigned(who, digest, sig)) revert BadSignature();
    }

    /// `who` is a contract and vouches for it by ERC-1271.
    function _contractSigned(address who, bytes32 digest, bytes calldata sig) internal view returns (bool) {
        return who.code.length != 0 && SignatureChecker.isValidERC1271SignatureNowCalldata(who, digest, sig);
    }
}
