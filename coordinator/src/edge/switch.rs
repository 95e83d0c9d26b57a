//! After a 101 the bytes are nobody's business: visitor and app are joined, each direction closed by itself.

use super::{Edge, routes::Claim};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use ttalkak_tunnel::copy_both;

/// Joins both sides once both have switched. The claim counts the visitor until the end.
pub(super) fn join(edge: &Arc<Edge>, visitor: OnUpgrade, app: OnUpgrade, claim: Claim) {
    edge.tasks.spawn(async move {
        let (visitor, app) = match tokio::try_join!(visitor, app) {
            Ok(both) => both,
            Err(error) => return tracing::debug!(%error, "a connection was not upgraded"),
        };
        let (mut visitor, mut app) = (TokioIo::new(visitor), TokioIo::new(app));
        if let Err(error) = copy_both(&mut visitor, &mut app).await {
            tracing::debug!(error = &error as &dyn std::error::Error, "an upgraded connection ended");
        }
        drop(claim);
    });
}
