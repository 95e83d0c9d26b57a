//! Paged lists show everything once, in every order, while rows come in.

use crate::harness::{World, wish};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const MANY: usize = 500;

/// Makes many deployments at once in the tables, spread over states and times, some times equal.
async fn fill(world: &World) {
    world.deploy("seed").await;
    let mut tx = world.state.store.begin().await.unwrap();
    sqlx::query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
         INSERT INTO deployment (id, account_id, project_id, name, exposure, git_url, memory_bytes, milli_cpu, wanted,
           state, since, created_at, updated_at)
         SELECT printf('dep_%032x', i * 7919 % 104729), account_id, project_id, printf('app-%d', i * 31 % 997), 'http', git_url,
           memory_bytes, milli_cpu, 'running', CASE i % 3 WHEN 0 THEN 'live' WHEN 1 THEN 'ended' ELSE 'crashed' END,
           1, 1000 + i / 4, 5000 - i / 7 FROM n, deployment WHERE name = 'seed'",
    )
    .bind(i64::try_from(MANY).unwrap() - 1)
    .execute(&mut *tx)
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

async fn walk(world: &World, query: &str, each_page: impl AsyncFn(usize)) -> Vec<Value> {
    let (mut all, mut cursor, mut pages) = (Vec::new(), None::<String>, 0);
    loop {
        let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let reply = world.get(&format!("/v1/deployments?limit=37{query}{after}")).await;
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let page = reply.json();
        all.extend(page["items"].as_array().unwrap().iter().cloned());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        pages += 1;
        assert!(pages < 100, "a walk that never ends");
        if cursor.is_none() {
            return all;
        }
        each_page(pages).await;
    }
}

#[tokio::test]
async fn a_walk_in_every_order_sees_each_row_once_while_others_come() {
    let world = World::new().await;
    fill(&world).await;
    let before: BTreeSet<String> = walk(&world, "", async |_| {})
        .await
        .iter()
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(before.len(), MANY);
    let orders =
        ["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at", "state", "-state"];
    for (order, sort) in orders.iter().enumerate() {
        let query = format!("&sort={sort}");
        let items = walk(&world, &query, async |page| {
            world.deploy(&format!("new-{order}-{page}")).await;
        })
        .await;
        let mut seen = BTreeMap::<&str, u32>::new();
        for item in &items {
            *seen.entry(item["name"].as_str().unwrap()).or_default() += 1;
        }
        assert!(seen.values().all(|count| *count == 1), "{sort}: something came twice");
        assert!(before.iter().all(|name| seen.contains_key(name.as_str())), "{sort}: something is missing");
        let column = sort.trim_start_matches('-');
        let keys: Vec<&str> = items.iter().map(|item| item[column].as_str().unwrap()).collect();
        let sorted = keys
            .windows(2)
            .all(|pair| if sort.starts_with('-') { pair[0] >= pair[1] } else { pair[0] <= pair[1] });
        assert!(sorted, "{sort} is not in order");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_or_altered_is_refused() {
    let world = World::new().await;
    fill(&world).await;
    let page = world.get("/v1/deployments?limit=5&sort=name").await.json();
    let cursor = page["next_cursor"].as_str().unwrap().to_owned();
    let altered =
        format!("{}{}", &cursor[..cursor.len() - 2], if cursor.ends_with("AA") { "BB" } else { "AA" });
    for query in [
        format!("sort=-name&cursor={cursor}"),
        format!("sort=name&q=app&cursor={cursor}"),
        format!("sort=name&project=seed&cursor={cursor}"),
        format!("sort=name&cursor={altered}"),
        "cursor=eyJhIjoxfQ".to_owned(),
    ] {
        let reply = world.get(&format!("/v1/deployments?{query}")).await;
        assert_eq!(reply.error(), (400, "cursor_invalid".into()), "{query}");
    }
    let reply = world.get(&format!("/v1/projects?sort=name&cursor={cursor}")).await;
    assert!(reply.status == 400 || reply.status == 200, "a cursor holds nothing but a place");
    assert_eq!(world.get(&format!("/v1/deployments?sort=name&limit=7&cursor={cursor}")).await.status, 200);
}

#[tokio::test]
async fn search_project_total_and_limit_fit_together() {
    let world = World::new().await;
    fill(&world).await;
    let found = world.get("/v1/deployments?q=APP-99&limit=3").await.json();
    let expected = walk(&world, "", async |_| {})
        .await
        .iter()
        .filter(|item| item["name"].as_str().unwrap().contains("app-99"))
        .count();
    assert_eq!(found["total"], expected);
    assert_eq!(
        world.get("/v1/deployments?q=100%25").await.json()["total"],
        0,
        "% is a letter like any other"
    );
    assert_eq!(
        world.get("/v1/deployments?project=seed&limit=9999").await.json()["items"].as_array().unwrap().len(),
        200
    );
    assert_eq!(world.get("/v1/deployments?limit=0").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_that_was_kept_is_never_an_old_one() {
    let world = World::new().await;
    world.deploy("one").await;
    for n in 0..20 {
        let path = "/v1/deployments?sort=name";
        let before = world.get(path).await.json()["total"].as_u64().unwrap();
        assert_eq!(world.get(path).await.json()["total"], before);
        world.deploy(&format!("more-{n}")).await;
        assert_eq!(world.get(path).await.json()["total"], before + 1);
    }
    let stranger = World { token: world.stranger.clone(), ..world };
    assert_eq!(stranger.get("/v1/deployments?sort=name").await.json()["total"], 0);
    let reply = stranger.ask("POST", "/v1/deployments", wish("one")).await;
    assert_eq!(reply.error().1, "name_taken");
}
