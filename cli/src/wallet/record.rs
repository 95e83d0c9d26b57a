//! The wallet's record: no secrets, but what must not change unseen. A coordinator that names another contract than the
//! one that was agreed to is refused until a person says otherwise.

use crate::error::{CliError, CliResult};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fs, io, path::Path};
use ttalkak_protocol::{
    api::billing::ChainView,
    error::ErrorCode,
    money::{Domain, EvmAddress},
};

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// The wallet's.
    pub(crate) address: EvmAddress,
    /// Where its key is.
    pub(crate) kept: Kept,
    /// What money was entrusted to, by the coordinator's address.
    #[serde(default)]
    pub(crate) contracts: BTreeMap<String, Contract>,
    /// Where each one's chain was last reached, so that the money is found again when the coordinator is gone.
    #[serde(default)]
    pub(crate) endpoints: BTreeMap<String, String>,
}

/// Where a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    /// In the system's keyring.
    Keyring,
    /// In `wallet.json`.
    Keystore,
}

/// A contract that a person agreed to use, and the token in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Contract {
    /// Chain and contract.
    #[serde(flatten)]
    pub(crate) domain: Domain,
    /// What is paid with.
    pub(crate) token: EvmAddress,
}

impl From<&ChainView> for Contract {
    fn from(view: &ChainView) -> Self {
        Self { domain: view.domain, token: view.token }
    }
}

impl Record {
    /// Reads the file; `None` when it is absent.
    pub(super) fn load(path: &Path) -> CliResult<Option<Self>> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(CliError::file(format!("read {}", path.display()), cause)),
        };
        toml::from_str(&text).map(Some).map_err(|cause| {
            CliError::usage(
                ErrorCode::InvalidBody,
                format!("{} is not a wallet's record: {}.", path.display(), cause.message()),
                "Import the key again with `ttalkak wallet import`.",
            )
        })
    }

    /// Writes it as a whole.
    pub(super) fn save(&self, path: &Path) -> CliResult<()> {
        let failed = |cause| CliError::file(format!("write {}", path.display()), cause);
        let text = toml::to_string(self).map_err(|cause| failed(io::Error::other(cause)))?;
        ttalkak_keep::replace(path, text.as_bytes()).map_err(failed)
    }

    /// From here on another contract of this coordinator is noticed. Returns whether anything was new.
    pub(crate) fn remember(&mut self, coordinator: &str, contract: Contract, endpoint: &str) -> bool {
        let known = self.contracts.insert(coordinator.to_owned(), contract) == Some(contract);
        let reached = self.endpoints.insert(coordinator.to_owned(), endpoint.to_owned());
        !known || reached.as_deref() != Some(endpoint)
    }

    /// Whether money went to this contract of `coordinator` before. Errors: it went to another one.
    pub(crate) fn knows(&self, coordinator: &str, named: Contract) -> CliResult<bool> {
        match self.contracts.get(coordinator) {
            None => Ok(false),
            Some(known) if *known == named => Ok(true),
            Some(known) => Err(CliError::usage(
                ErrorCode::ChainMismatch,
                format!(
                    "{coordinator} names contract {} on chain {} now; it was {} on chain {} before.",
                    named.domain.contract,
                    named.domain.chain_id,
                    known.domain.contract,
                    known.domain.chain_id
                ),
                "Ask whoever runs it. If the change is meant: `ttalkak wallet link --new-contract`.",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_contract_than_before_is_refused() {
        let contract = |byte| Contract {
            domain: Domain { chain_id: 1, contract: EvmAddress([byte; 20]) },
            token: EvmAddress([3; 20]),
        };
        let mut record = Record {
            address: EvmAddress([1; 20]),
            kept: Kept::Keystore,
            contracts: BTreeMap::new(),
            endpoints: BTreeMap::new(),
        };
        assert!(!record.knows("https://a", contract(2)).unwrap());
        record.contracts.insert("https://a".into(), contract(2));
        assert!(record.knows("https://a", contract(2)).unwrap());
        assert_eq!(record.knows("https://a", contract(5)).unwrap_err().code(), "chain_mismatch");
        assert!(!record.knows("https://b", contract(5)).unwrap());
    }

    #[test]
    fn a_record_comes_back_as_it_was_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/wallet.toml");
        assert_eq!(Record::load(&path).unwrap(), None);
        let contract = Contract {
            domain: Domain { chain_id: 31_337, contract: EvmAddress([2; 20]) },
            token: EvmAddress([3; 20]),
        };
        let record = Record {
            address: EvmAddress([1; 20]),
            kept: Kept::Keyring,
            contracts: [("https://a".to_owned(), contract)].into(),
            endpoints: [("https://a".to_owned(), "http://127.0.0.1:8545/".to_owned())].into(),
        };
        record.save(&path).unwrap();
        assert_eq!(Record::load(&path).unwrap(), Some(record));
        fs::write(&path, "address = 1").unwrap();
        assert_eq!(Record::load(&path).unwrap_err().code(), "invalid_body");
    }
}
