//! All routes in one list, and their description for programs. What every operation has in common (the error shape,
//! the idempotency key of a POST) is added here once.

use super::{
    audit, billing, caller::Door, deployments, devices, earnings, env, events, github, health, hooks,
    invitations, logs, machine, me, names, pairing, plans, projects, providers, push, releases, repositories,
    session, shape, sign_in, source, team, tokens, tunnels, uploads, wallet,
};
use ttalkak_protocol::{api::log::LogKind, error::ErrorBody};
use utoipa::{
    OpenApi,
    openapi::{
        Content, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::Type,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The scheme of tenants' and providers' tokens.
const TOKEN: &str = "token";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ttalkak",
        description = "Give a Git repository, get a live URL, served from a provider's machine.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    security(("token" = [])),
    // A query's own types are not found by themselves.
    components(schemas(ErrorBody, LogKind)),
)]
struct Base;

/// Who comes in, and what they are to each other.
fn people() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(sign_in::ways))
        .routes(routes!(github::begin_github))
        .routes(routes!(github::end_github))
        .routes(routes!(repositories::read))
        .routes(routes!(repositories::list))
        .routes(routes!(repositories::branches))
        .routes(routes!(repositories::folder))
        .routes(routes!(sign_in::by_name))
        .routes(routes!(sign_in::by_token))
        .routes(routes!(session::read, session::end))
        .routes(routes!(session::choose_team))
        .routes(routes!(devices::ask))
        .routes(routes!(devices::poll))
        .routes(routes!(devices::read))
        .routes(routes!(devices::approve))
        .routes(routes!(devices::deny))
        .routes(routes!(me::read, me::change))
        .routes(routes!(me::ask_code))
        .routes(routes!(me::verify))
        .routes(routes!(me::sessions))
        .routes(routes!(me::end_session))
        .routes(routes!(team::create))
        .routes(routes!(team::read, team::rename))
        .routes(routes!(team::change_member, team::remove_member))
        .routes(routes!(invitations::create))
        .routes(routes!(invitations::revoke))
        .routes(routes!(invitations::read))
        .routes(routes!(invitations::accept))
        .routes(routes!(audit::read))
}

/// Every route of the API.
pub(super) fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(people())
        .routes(routes!(health::read))
        .routes(routes!(health::openapi))
        .routes(routes!(tokens::create, tokens::list))
        .routes(routes!(tokens::revoke))
        .routes(routes!(projects::create, projects::list))
        .routes(routes!(projects::read, projects::rename, projects::delete))
        .routes(routes!(plans::ask))
        .routes(routes!(deployments::create, deployments::list))
        .routes(routes!(deployments::read, deployments::delete))
        .routes(routes!(deployments::redeploy))
        .routes(routes!(deployments::rollback))
        .routes(routes!(deployments::start))
        .routes(routes!(deployments::restart))
        .routes(routes!(deployments::set_term))
        .routes(routes!(shape::set_size))
        .routes(routes!(shape::set_part))
        .routes(routes!(deployments::stop))
        .routes(routes!(deployments::cancel))
        .routes(routes!(releases::list))
        .routes(routes!(releases::read))
        .routes(routes!(env::read, env::replace, env::change))
        .routes(routes!(logs::read))
        .routes(uploads::route())
        .routes(routes!(source::read))
        .routes(routes!(providers::enrolment, providers::enrolments))
        .routes(routes!(providers::revoke_enrolment))
        .routes(routes!(providers::enrol))
        .routes(routes!(providers::list))
        .routes(routes!(pairing::ask))
        .routes(routes!(pairing::poll))
        .routes(routes!(pairing::approve))
        .routes(routes!(providers::read, providers::rename, providers::revoke))
        .routes(routes!(providers::leave))
        .routes(routes!(machine::earnings))
        .routes(routes!(machine::settle))
        .routes(routes!(machine::set_threshold))
        .routes(routes!(machine::month))
        .routes(routes!(machine::payee_message))
        .routes(routes!(machine::link_payee))
        .routes(routes!(tunnels::create, tunnels::list))
        .routes(routes!(tunnels::delete))
        .routes(routes!(billing::read))
        .routes(routes!(wallet::message))
        .routes(routes!(wallet::link))
        .routes(routes!(billing::set_mandate))
        .routes(routes!(billing::prices))
        .routes(routes!(billing::evidence))
        .routes(routes!(billing::statement))
        .routes(routes!(earnings::read))
        .routes(routes!(earnings::set_threshold))
        .routes(routes!(earnings::settle))
        .routes(routes!(earnings::statement))
        .merge(following())
}

/// Routes of what follows a repository, and of what is told as it happens.
fn following() -> OpenApiRouter<Door> {
    OpenApiRouter::new()
        .routes(routes!(push::read, push::change))
        .routes(routes!(push::secret))
        .routes(routes!(push::deliveries))
        .routes(routes!(hooks::github))
        .routes(routes!(hooks::generic))
        .routes(routes!(events::read))
        .routes(routes!(names::read))
}

/// The description of the API, as it is served and committed: JSON, indented, with a line end.
pub fn description() -> String {
    let (_, mut api) = routes().split_for_parts();
    let components = api.components.get_or_insert_default();
    let scheme = |what: &str| {
        let http = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(what)).build();
        RefOr::T(SecurityScheme::Http(http))
    };
    components.security_schemes.insert(TOKEN.to_owned(), scheme("An API token, `ttk_…`; its scope and its maker's role decide. The console comes with a cookie instead."));
    components
        .security_schemes
        .insert(source::SCHEME.to_owned(), scheme("The token that a lease carries for its source archive."));
    components.security_schemes.insert(
        machine::SCHEME.to_owned(),
        scheme("The token that an agent's welcome carries, `tta_…`; good while its link stands."),
    );
    for item in api.paths.paths.values_mut() {
        let post = item.post.as_mut();
        post.into_iter().for_each(take_idempotency_key);
        operations(item).for_each(may_fail);
        operations(item).for_each(name_apart);
    }
    let mut text = api.to_pretty_json().expect("the description has string keys");
    text.push('\n');
    text
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete]
        .into_iter()
        .filter_map(Option::as_mut)
}

/// Handlers are called `list` and `create` in many rooms; programs that are made of the description need one name each.
fn name_apart(operation: &mut Operation) {
    let room = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    operation.operation_id = operation.operation_id.take().map(|id| format!("{room}_{id}"));
}

fn may_fail(operation: &mut Operation) {
    let body = Content::new(Some(Ref::from_schema_name("ErrorBody")));
    let response =
        ResponseBuilder::new().description("What went wrong.").content("application/json", body).build();
    operation.responses.responses.insert("default".to_owned(), RefOr::T(response));
}

fn take_idempotency_key(operation: &mut Operation) {
    let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(255));
    let key = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The same key with the same request gets the first answer again, for a day."))
        .schema(Some(text))
        .build();
    operation.parameters.get_or_insert_default().push(RefOr::T(key));
}
