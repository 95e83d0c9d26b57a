//! What the owner lends for, put together from settings and wallet. A wallet is made here only for an agent that was
//! started by a command; at a desk the owner makes one.

use crate::{
    cause::Chain,
    config::Config,
    io::wallet::{Kept, Wallet, WalletError, WalletRecord},
    logic::meter::Lending,
};
use ttalkak_escrow::checksum;
use ttalkak_protocol::link::Offer;

/// A wallet that cannot be made or read keeps nobody from lending for nothing: it is told aloud, and no offer is made.
pub(super) async fn lending(config: &Config, make: bool) -> Lending {
    let money = &config.money;
    let own = match own_wallet(config, make).await {
        Ok(own) => own,
        Err(error) => {
            tracing::error!("the wallet cannot be used, and nothing is offered: {}", Chain(&error));
            None
        }
    };
    let payee = money.payee.or(own.map(|own| own.address));
    if let Some(payee) = payee {
        tracing::info!("payments go to {}", checksum(&payee));
    }
    Lending {
        offer: payee.map(|payee| Offer { payee, rates: money.rates }),
        own_wallet: own.map(|own| own.address),
        trusted: money.trusted,
        willing_to_lose: money.willing_to_lose,
        reading_every: money.reading_every,
    }
}

/// With a payee elsewhere no key is made here.
async fn own_wallet(config: &Config, make: bool) -> Result<Option<WalletRecord>, WalletError> {
    let wallet = Wallet::new(&config.data_dir, config.money.wallet_keyring);
    if config.money.payee.is_some() || !make {
        return wallet.record();
    }
    let fresh = wallet.record()?.is_none();
    let made = tokio::task::spawn_blocking(move || wallet.open_or_make()).await;
    // A panic in there is a bug like any other: the program goes on without an offer.
    let record = made.unwrap_or(Err(WalletError::Absent))?;
    if fresh {
        let place = match record.kept {
            Kept::Keyring => "the system's key store",
            Kept::Keystore => "a keystore in the data folder",
        };
        tracing::info!("made a wallet, {}, kept in {place}", checksum(&record.address));
    }
    Ok(Some(record))
}
