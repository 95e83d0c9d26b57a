//! Teams: coming in by a link, roles that take hold at once, the last owner, and what was done by whom.

use crate::{harness::World, people::Browser};
use serde_json::{Value, json};
use ttalkak_protocol::{
    api::team::{Role, TokenScope},
    id::UserId,
};

/// An owner's browser in the tenant's team.
async fn owner(world: &World) -> (UserId, Browser) {
    let user = world.person("owner", Role::Owner).await;
    (user, world.browser_in(user, world.account).await)
}

fn code(made: &Value) -> String {
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:7700/invitations/tti_"), "{url}");
    url.rsplit('/').next().unwrap().to_owned()
}

#[tokio::test]
async fn one_person_comes_in_by_a_link_and_nobody_else() {
    let world = World::new().await;
    let (_, owner) = owner(&world).await;
    let made =
        world.browse(&owner, "POST", "/v1/team/invitations", Some(json!({ "role": "developer" }))).await;
    assert_eq!(made.status, 201);
    let code = code(&made.json());
    let seen = world.browse(&owner, "GET", &format!("/v1/invitations/{code}"), None).await.json();
    assert_eq!((seen["team"].as_str(), seen["invited_by"].as_str()), (Some("tenant"), Some("owner")));
    let (guest, other) = (world.browser("guest").await, world.browser("other").await);
    let accept = format!("/v1/invitations/{code}/accept");
    let view = world.browse(&guest, "POST", &accept, None).await.json();
    assert_eq!(view["team"]["id"], world.account.to_string());
    assert_eq!(view["team"]["role"], "developer");
    assert_eq!(world.browse(&guest, "POST", &accept, None).await.status, 200, "sent twice");
    assert_eq!(world.browse(&other, "POST", &accept, None).await.error(), (404, "invitation_gone".into()));
    let gone = world.browse(&other, "GET", &format!("/v1/invitations/{code}"), None).await;
    assert_eq!(gone.error(), (404, "invitation_gone".into()));
    for bad in ["tti_", "x", "tti_%00"] {
        let reply = world.browse(&other, "POST", &format!("/v1/invitations/{bad}/accept"), None).await;
        assert_eq!(reply.error(), (404, "invitation_gone".into()), "{bad}");
    }
    let detail = world.browse(&owner, "GET", "/v1/team", None).await.json();
    let logins: Vec<_> = detail["members"].as_array().unwrap().iter().map(|m| &m["user"]["login"]).collect();
    assert_eq!(logins, ["owner", "guest"]);
    assert_eq!(detail["invitations"], json!([]));
    let noted = world.browse(&owner, "GET", "/v1/team/audit", None).await.json();
    let came = &noted["items"][1];
    assert_eq!((&came["action"], &came["actor"]), (&json!("invitation.accept"), &json!("guest")), "{noted}");
}

#[tokio::test]
async fn an_invitation_is_mailed_and_taken_back() {
    let mail = crate::mail::Server::start().await;
    let world = World::with(|config| {
        config.accounts.smtp_url_file = Some(mail.url_file());
        config.accounts.mail_from = Some("ttalkak@example.com".to_owned());
    })
    .await;
    let (_, owner) = owner(&world).await;
    let wish = json!({ "role": "viewer", "email": "guest@example.com" });
    let made = world.browse(&owner, "POST", "/v1/team/invitations", Some(wish)).await.json();
    let sent = mail.mail().await;
    assert!(sent.contains("RCPT TO:<guest@example.com>"), "{sent}");
    let path = format!("/v1/team/invitations/{}", made["invitation"]["id"].as_str().unwrap());
    assert_eq!(world.browse(&owner, "DELETE", &path, None).await.status, 204);
    assert_eq!(world.browse(&owner, "DELETE", &path, None).await.error(), (404, "not_found".into()));
    let guest = world.browser("guest").await;
    let accept = format!("/v1/invitations/{}/accept", code(&made));
    assert_eq!(world.browse(&guest, "POST", &accept, None).await.error(), (404, "invitation_gone".into()));
}

#[tokio::test]
async fn a_role_takes_hold_at_once_and_who_is_out_is_out() {
    let world = World::new().await;
    let (_, owner) = owner(&world).await;
    let user = world.person("dev", Role::Developer).await;
    let dev = world.browser_in(user, world.account).await;
    let create = async |name: &str| {
        world.browse(&dev, "POST", "/v1/projects", Some(json!({ "name": name }))).await.status
    };
    assert_eq!(create("one").await, 201);
    let path = format!("/v1/team/members/{user}");
    let change = json!({ "role": "viewer" });
    assert_eq!(world.browse(&owner, "PATCH", &path, Some(change)).await.status, 204);
    assert_eq!(create("two").await, 403);
    let token = world.member(Role::Developer, TokenScope::Full).await;
    let others = world.browse(&owner, "GET", "/v1/team", None).await.json();
    let maker = others["members"].as_array().unwrap().iter().find(|m| m["user"]["login"] == "developer-full");
    let maker = format!("/v1/team/members/{}", maker.unwrap()["user"]["id"].as_str().unwrap());
    assert_eq!(world.browse(&dev, "DELETE", &maker, None).await.error(), (403, "forbidden".into()));
    assert_eq!(world.browse(&owner, "DELETE", &maker, None).await.status, 204);
    let orphan = World { token, ..world.view() };
    assert_eq!(orphan.get("/v1/projects").await.status, 401, "the tokens of who is out are void");
    assert_eq!(world.browse(&dev, "DELETE", &path, None).await.status, 204, "one leaves by oneself");
    let view = world.browse(&dev, "GET", "/v1/session", None).await.json();
    assert_eq!(
        (view["team"]["personal"].as_bool(), view["teams"].as_array().map(Vec::len)),
        (Some(true), Some(1))
    );
    let own = world.browse(&dev, "DELETE", &path, None).await;
    assert_eq!(own.error(), (409, "last_owner".into()), "nobody leaves the team that is theirs alone");
}

#[tokio::test]
async fn a_team_keeps_an_owner() {
    let world = World::new().await;
    let (user, owner) = owner(&world).await;
    let path = format!("/v1/team/members/{user}");
    let step_down = async || world.browse(&owner, "PATCH", &path, Some(json!({ "role": "viewer" }))).await;
    assert_eq!(step_down().await.error(), (409, "last_owner".into()));
    assert_eq!(world.browse(&owner, "DELETE", &path, None).await.error(), (409, "last_owner".into()));
    world.person("second", Role::Owner).await;
    assert_eq!(step_down().await.status, 204);
}

#[tokio::test]
async fn a_browser_moves_between_its_persons_teams_and_into_no_other() {
    let world = World::new().await;
    let (_, owner) = owner(&world).await;
    let made = world.browse(&owner, "POST", "/v1/teams", Some(json!({ "name": "Blue" }))).await.json();
    assert_eq!((made["role"].as_str(), made["personal"].as_bool()), (Some("owner"), Some(false)));
    let view = world.browse(&owner, "GET", "/v1/session", None).await.json();
    assert_eq!(view["team"]["name"], "Blue");
    assert_eq!(view["teams"].as_array().unwrap().len(), 3);
    let choose = async |team: &str| {
        world.browse(&owner, "PUT", "/v1/session/team", Some(json!({ "team": team }))).await
    };
    assert_eq!(choose(&world.account.to_string()).await.json()["team"]["name"], "tenant");
    let guest = world.browser("guest").await;
    let foreign = world.browse(&guest, "GET", "/v1/session", None).await.json();
    let foreign = foreign["team"]["id"].as_str().unwrap();
    assert_eq!(choose(foreign).await.error(), (404, "not_found".into()));
    let reply = world.ask("PUT", "/v1/session/team", json!({ "team": foreign })).await;
    assert_eq!(reply.error(), (403, "person_needed".into()));
}

#[tokio::test]
async fn what_was_done_stays_written_down_with_who_did_it() {
    let world = World::new().await;
    let (user, owner) = owner(&world).await;
    world.browse(&owner, "POST", "/v1/projects", Some(json!({ "name": "shop" }))).await;
    world.browse(&owner, "POST", "/v1/projects", Some(json!({ "name": "shop" }))).await;
    world.ask("DELETE", "/v1/projects/shop", json!({})).await;
    let page = world.browse(&owner, "GET", "/v1/team/audit", None).await.json();
    let line = |n: usize| {
        let line = &page["items"][n];
        ["actor", "via", "action", "subject"].map(|part| line[part].as_str().unwrap().to_owned())
    };
    assert_eq!(line(0), ["test", "token", "project.delete", "shop"]);
    assert_eq!(line(1), ["owner", "session", "project.create", "shop"], "what was refused is not there");
    assert_eq!((page["items"].as_array().unwrap().len(), page.get("next_before")), (2, None));
    let one = world.browse(&owner, "GET", "/v1/team/audit?limit=1", None).await.json();
    let next = format!("/v1/team/audit?before={}", one["next_before"]);
    assert_eq!(world.browse(&owner, "GET", &next, None).await.json()["items"][0], page["items"][1]);
    let path = format!("/v1/team/members/{user}");
    world.person("second", Role::Owner).await;
    world.browse(&owner, "PATCH", &path, Some(json!({ "role": "developer" }))).await;
    let told = world.get("/v1/team/audit").await.json()["items"][0].clone();
    assert_eq!(
        (told["action"].as_str(), told["detail"].as_str()),
        (Some("member.change"), Some("developer"))
    );
    for sql in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let mut tx = world.state.store.begin().await.unwrap();
        assert!(sqlx::query(sql).execute(&mut *tx).await.is_err(), "{sql}");
    }
}
