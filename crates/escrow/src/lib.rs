//! What both sides of a payment must agree on: the EIP-712 hashes of the escrow contract, signatures over them, the
//! price of a reading, the packed words of a settlement, keys and where they rest. Deliberately absent: sockets, chains,
//! databases.
