//! People of a test: members with tokens, and browsers that are signed in.

use crate::harness::{Reply, World};
use axum::body::Body;
use http::Request;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ttalkak_coordinator::{
    api, clock, fresh,
    store::{session::NewSession, token::TokenWish, user::Known},
};
use ttalkak_protocol::{
    api::team::{Role, TokenScope},
    id::{AccountId, SessionId, UserId},
    unit::Millis,
};

/// A browser: its cookie, and what its page knows.
pub(crate) struct Browser {
    pub(crate) id: String,
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

impl World {
    /// Somebody who came to this coordinator before.
    pub(crate) async fn arrived(&self, login: &str) -> UserId {
        let known = Known {
            place: "development",
            subject: login.to_owned(),
            login: login.to_owned(),
            name: login.to_owned(),
            email: None,
            avatar_url: None,
            tokens: None,
        };
        let ids = (fresh::id(UserId::new), fresh::id(AccountId::new));
        self.state.store.arrive(&known, ids, clock::now()).await.unwrap()
    }

    /// Somebody who is in the tenant's team.
    pub(crate) async fn person(&self, login: &str, role: Role) -> UserId {
        let user = self.arrived(login).await;
        self.state.store.join_team(self.account, user, role, clock::now()).await.unwrap();
        user
    }

    /// The token of somebody who is in the tenant's team.
    pub(crate) async fn member(&self, role: Role, scope: TokenScope) -> String {
        let user = self.person(&format!("{}-{}", role.as_str(), scope.as_str()), role).await;
        let wish =
            TokenWish { account: self.account, user: Some(user), name: "test", scope, expires_at: None };
        let token = api::new_token(&self.state.store, &wish, clock::now()).await.unwrap();
        token.secret.reveal().clone()
    }

    /// A browser that somebody signed in with, in the team that is theirs alone.
    pub(crate) async fn browser(&self, login: &str) -> Browser {
        let user = self.arrived(login).await;
        let account = self.state.store.personal_team(user).await.unwrap();
        self.browser_in(user, account).await
    }

    /// A browser that somebody signed in with, in one of their teams.
    pub(crate) async fn browser_in(&self, user: UserId, account: AccountId) -> Browser {
        let (cookie, now) = (fresh::secret("tss_"), clock::now());
        let new = NewSession {
            id: fresh::id(SessionId::new),
            hash: Sha256::digest(&cookie).into(),
            account,
            user: Some(user),
            token: None,
            scope: TokenScope::Full,
            browser: Some("Firefox".to_owned()),
            address: None,
            expires_at: now.after(Millis(24 * 3600 * 1000)),
        };
        self.state.store.begin_session(&new, now).await.unwrap();
        let mut browser = Browser { id: new.id.to_string(), cookie, csrf: String::new() };
        let view = self.browse(&browser, "GET", "/v1/session", None).await.json();
        browser.csrf = view["csrf"].as_str().unwrap().to_owned();
        browser
    }

    /// What a page of the console sends before anybody is signed in.
    pub(crate) async fn as_our_page(&self, method: &str, path: &str, body: Value) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:7700")
            .header("sec-fetch-site", "same-origin")
            .header("user-agent", "Firefox")
            .header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    /// The browser that an answer signed in.
    pub(crate) async fn browser_of(&self, reply: &Reply) -> Browser {
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let cookie = cookie_of(reply);
        let csrf = reply.json()["csrf"].as_str().unwrap().to_owned();
        let mut browser = Browser { id: String::new(), cookie, csrf };
        let all = self.browse(&browser, "GET", "/v1/me/sessions", None).await.json();
        let own = all["items"].as_array().unwrap().iter().find(|line| line["current"] == true);
        browser.id = own.unwrap()["id"].as_str().unwrap().to_owned();
        browser
    }

    /// What a page of the console sends for somebody who is signed in.
    pub(crate) async fn browse(
        &self,
        browser: &Browser,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("cookie", format!("__Host-ttalkak={}", browser.cookie))
            .header("sec-fetch-site", "same-origin")
            .header("x-ttalkak-csrf", &browser.csrf);
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }
}

/// The cookie that an answer sets, after its guards were checked.
pub(crate) fn cookie_of(reply: &Reply) -> String {
    let text = reply.headers["set-cookie"].to_str().unwrap();
    for guard in ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"] {
        assert!(text.contains(guard), "{guard} of {text}");
    }
    assert!(!text.contains("Domain"), "{text}");
    let value = text.strip_prefix("__Host-ttalkak=").unwrap();
    value.split(';').next().unwrap().to_owned()
}
