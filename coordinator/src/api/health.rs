//! Whether requests can be served, and the description of the API. Both public.

use super::{
    caller::Anyone,
    extract::{Answer, json_type},
    openapi,
};
use axum::response::IntoResponse;
use http::StatusCode;
use std::sync::OnceLock;
use ttalkak_protocol::{ErrorCode, api::HealthView, error::Problem};

/// Whether the coordinator can serve.
#[utoipa::path(get, path = "/v1/health", tag = "platform", security(()),
    responses((status = 200, description = "It can.", body = HealthView), (status = 503, description = "It cannot.", body = HealthView)))]
pub(super) async fn read(anyone: Anyone) -> Answer<HealthView> {
    let mut problems = Vec::new();
    if let Err(error) = anyone.store.first_account().await {
        tracing::error!(%error, "the database does not answer");
        problems.push(Problem::new(ErrorCode::Unavailable, "The database does not answer."));
    }
    let ok = problems.is_empty();
    // Apps run on while the chain is away, so these are told and nobody is turned away for them.
    problems.extend(anyone.money.iter().flat_map(|money| money.problems()));
    let view = HealthView {
        ok,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        providers_online: u32::try_from(anyone.online.count()).unwrap_or(u32::MAX),
        problems,
        apps_url: anyone.config.app_url("{name}"),
    };
    Answer(if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, view)
}

/// The description of this API.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "platform", security(()),
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)))]
pub(super) async fn openapi() -> impl IntoResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    (json_type(), TEXT.get_or_init(openapi::description).as_str())
}
