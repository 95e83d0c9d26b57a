//! What a request that changed something is called in the audit log. Pure.

use http::Method;

/// Method, route and code of all that is written down. That every route that changes something is here, or among the
/// questions, is tested against the API's description.
const ACTIONS: &[(&str, &str, &str)] = &[
    ("POST", "/v1/deployments", "deployment.create"),
    ("DELETE", "/v1/deployments/{deployment}", "deployment.delete"),
    ("POST", "/v1/deployments/{deployment}/redeploy", "deployment.redeploy"),
    ("POST", "/v1/deployments/{deployment}/rollback", "deployment.rollback"),
    ("POST", "/v1/deployments/{deployment}/start", "deployment.start"),
    ("POST", "/v1/deployments/{deployment}/restart", "deployment.restart"),
    ("POST", "/v1/deployments/{deployment}/stop", "deployment.stop"),
    ("POST", "/v1/deployments/{deployment}/cancel", "deployment.cancel"),
    ("PUT", "/v1/deployments/{deployment}/term", "deployment.term"),
    ("PUT", "/v1/deployments/{deployment}/size", "deployment.size"),
    ("PUT", "/v1/deployments/{deployment}/part", "deployment.part"),
    ("PUT", "/v1/deployments/{deployment}/env", "deployment.env"),
    ("PATCH", "/v1/deployments/{deployment}/env", "deployment.env"),
    ("PUT", "/v1/deployments/{deployment}/push", "push.change"),
    ("POST", "/v1/deployments/{deployment}/push/secret", "push.secret"),
    ("POST", "/v1/projects", "project.create"),
    ("PATCH", "/v1/projects/{project}", "project.rename"),
    ("DELETE", "/v1/projects/{project}", "project.delete"),
    ("POST", "/v1/tokens", "token.create"),
    ("DELETE", "/v1/tokens/{token}", "token.revoke"),
    ("POST", "/v1/tunnels", "tunnel.create"),
    ("DELETE", "/v1/tunnels/{tunnel}", "tunnel.delete"),
    ("POST", "/v1/uploads", "upload.create"),
    ("POST", "/v1/enrolments", "enrolment.create"),
    ("DELETE", "/v1/enrolments/{enrolment}", "enrolment.revoke"),
    ("POST", "/v1/providers/approve", "provider.approve"),
    ("PATCH", "/v1/providers/{provider}", "provider.rename"),
    ("DELETE", "/v1/providers/{provider}", "provider.revoke"),
    ("PUT", "/v1/providers/{provider}/leave", "provider.leave"),
    ("POST", "/v1/billing/wallet/message", "wallet.message"),
    ("PUT", "/v1/billing/wallet", "wallet.link"),
    ("PUT", "/v1/billing/mandate", "mandate.set"),
    ("POST", "/v1/earnings/settle", "earnings.settle"),
    ("PUT", "/v1/earnings/threshold", "earnings.threshold"),
    ("DELETE", "/v1/session", "session.end"),
    ("PUT", "/v1/session/team", "session.team"),
    ("DELETE", "/v1/me/sessions/{session}", "session.revoke"),
    ("PATCH", "/v1/me", "me.change"),
    ("POST", "/v1/me/email", "email.ask"),
    ("POST", "/v1/me/email/verify", "email.verify"),
    ("POST", "/v1/teams", "team.create"),
    ("PATCH", "/v1/team", "team.rename"),
    ("PATCH", "/v1/team/members/{user}", "member.change"),
    ("DELETE", "/v1/team/members/{user}", "member.remove"),
    ("POST", "/v1/team/invitations", "invitation.create"),
    ("DELETE", "/v1/team/invitations/{invitation}", "invitation.revoke"),
    ("POST", "/v1/invitations/{code}/accept", "invitation.accept"),
    ("POST", "/v1/devices/{user_code}/approve", "device.approve"),
    ("POST", "/v1/devices/{user_code}/deny", "device.deny"),
];

/// Questions that need a body and change nothing: they are not written down.
pub const QUESTIONS: &[(&str, &str)] = &[("POST", "/v1/plans")];

/// Written by the route itself, as nobody is known before it: somebody signed in.
pub const SESSION_BEGIN: &str = "session.begin";

/// What `method` on `route` (its template, such as `/v1/projects/{project}`) is called; `None` when it is not written
/// down: it only reads, or nobody is known there.
pub fn action(method: &Method, route: &str) -> Option<&'static str> {
    let found = ACTIONS.iter().find(|(verb, path, _)| *verb == method.as_str() && *path == route);
    found.map(|(_, _, action)| *action)
}

/// What a path names last, such as the name of a deployment. A code that opens something is never told.
pub fn subject<'p>(route: &str, path: &'p str) -> Option<&'p str> {
    let parts = route.split('/').zip(path.split('/'));
    let named = parts.filter(|(part, _)| part.starts_with('{') && !matches!(*part, "{code}" | "{user_code}"));
    named.last().map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn reading_is_not_written_down_no_secret_is_told_and_no_route_stands_twice() {
        assert_eq!(action(&Method::GET, "/v1/deployments"), None);
        assert_eq!(action(&Method::POST, "/v1/deployments"), Some("deployment.create"));
        assert_eq!(subject("/v1/deployments/{deployment}/env", "/v1/deployments/shop/env"), Some("shop"));
        assert_eq!(subject("/v1/invitations/{code}/accept", "/v1/invitations/tti_1/accept"), None);
        assert_eq!(subject("/v1/deployments", "/v1/deployments"), None);
        let routes: BTreeSet<_> = ACTIONS.iter().map(|(method, path, _)| (method, path)).collect();
        assert_eq!(routes.len(), ACTIONS.len());
    }
}
