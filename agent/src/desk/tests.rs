use super::*;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{path::PathBuf, time::Duration};
use tokio::{net::UnixStream, time::timeout};
use tokio_util::{
    codec::{Framed, LinesCodec},
    sync::CancellationToken,
    task::TaskTracker,
};
use ttalkak_protocol::{
    desk::{MESSAGE_BYTES_MAX, News, Notices, Section, WalletNews},
    unit::UnixMillis,
};

type Screen = Framed<UnixStream, LinesCodec>;

/// A daemon that answers every call with `Done`, but leaves `scan_ports` unanswered.
struct World {
    folder: tempfile::TempDir,
    hub: Hub,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl World {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (hub, stop, tasks) = (Hub::default(), CancellationToken::new(), TaskTracker::new());
        let (asks, mut asked) = mpsc::channel::<Asked>(ASKS_MAX);
        let door = Door::open(&folder.path().join("desk.sock")).await.unwrap();
        tasks.spawn(door.run(hub.clone(), asks, stop.clone()));
        tasks.spawn(async move {
            let mut kept = Vec::new();
            while let Some(asked) = asked.recv().await {
                if matches!(asked.call, Call::ScanPorts) {
                    kept.push(asked);
                } else {
                    asked.reply(Ok(Reply::Done));
                }
            }
        });
        Self { folder, hub, stop, tasks }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("desk.sock")
    }

    async fn screen(&self) -> Screen {
        let stream = UnixStream::connect(self.path()).await.unwrap();
        Framed::new(stream, LinesCodec::new())
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        timeout(Duration::from_secs(5), self.tasks.wait()).await.unwrap();
        assert!(!self.path().exists(), "an orderly end removes the socket");
    }
}

async fn hear(screen: &mut Screen) -> Value {
    let line =
        timeout(Duration::from_secs(5), screen.next()).await.expect("in time").expect("not gone").unwrap();
    serde_json::from_str(&line).unwrap()
}

async fn ask(screen: &mut Screen, ask: Value) {
    screen.send(ask.to_string()).await.unwrap();
}

fn notices(unread: u32) -> News {
    News::Notices(Notices { items: Vec::new(), read_up_to: 0, unread })
}

fn wallet() -> News {
    News::Wallet(WalletNews {
        own: None,
        payee: None,
        payee_set: false,
        key_store: Default::default(),
        problem: None,
    })
}

#[tokio::test]
async fn a_desk_is_told_all_sections_at_once_and_each_change_after() {
    let world = World::start().await;
    world.hub.publish(notices(1));
    world.hub.publish(wallet());
    let mut screen = world.screen().await;
    let first = [hear(&mut screen).await, hear(&mut screen).await];
    assert_eq!([&first[0]["section"], &first[1]["section"]], ["wallet", "notices"]);
    // The same again is no news.
    world.hub.publish(notices(1));
    world.hub.publish(notices(2));
    assert_eq!(hear(&mut screen).await["now"]["unread"], 2);
    world.end().await;
}

#[tokio::test]
async fn live_sections_are_told_only_while_somebody_looks() {
    let world = World::start().await;
    let mut looked_at = world.hub.looked_at();
    let mut screen = world.screen().await;
    let tunnel = News::Tunnel(ttalkak_protocol::desk::Tunnel {
        state: Default::default(),
        since: UnixMillis(0),
        problem: None,
        round_trip: None,
        streams: 0,
        streams_max: 1,
        streams_total: 0,
        received_per_second: Default::default(),
        sent_per_second: Default::default(),
        received_total: Default::default(),
        sent_total: Default::default(),
        reconnects: 0,
        losses: Vec::new(),
    });
    world.hub.publish(tunnel);
    world.hub.publish(notices(0));
    assert_eq!(hear(&mut screen).await["section"], "notices");
    ask(&mut screen, json!({"n": 1, "call": "look", "at": ["tunnel"]})).await;
    assert_eq!(hear(&mut screen).await, json!({"told": "answer", "n": 1, "reply": {"reply": "done"}}));
    assert_eq!(hear(&mut screen).await["section"], "tunnel");
    timeout(Duration::from_secs(5), looked_at.wait_for(|at| at.contains(&Section::Tunnel)))
        .await
        .unwrap()
        .unwrap();
    drop(screen);
    timeout(Duration::from_secs(5), looked_at.wait_for(|at| at.is_empty())).await.unwrap().unwrap();
    world.end().await;
}

#[tokio::test]
async fn garbage_is_refused_with_its_number_and_ends_a_desk_only_when_it_goes_on() {
    let world = World::start().await;
    let mut screen = world.screen().await;
    ask(&mut screen, json!({"n": 7, "call": "brand_new"})).await;
    let refused = hear(&mut screen).await;
    assert_eq!((&refused["n"], &refused["problem"]["code"]), (&json!(7), &json!("call_invalid")));
    screen.send("}{".to_owned()).await.unwrap();
    assert_eq!(hear(&mut screen).await["n"], 0);
    ask(&mut screen, json!({"n": 8, "call": "resume"})).await;
    assert_eq!(hear(&mut screen).await["reply"]["reply"], "done");
    for _ in 0..8 {
        screen.send("nonsense".to_owned()).await.unwrap();
        assert_eq!(hear(&mut screen).await["told"], "refused");
    }
    assert!(timeout(Duration::from_secs(5), screen.next()).await.unwrap().is_none(), "it is shown out");
    world.end().await;
}

#[tokio::test]
async fn a_message_without_end_is_refused_and_costs_no_memory() {
    let world = World::start().await;
    let mut screen = world.screen().await;
    let part = "x".repeat(64 * 1024);
    use tokio::io::AsyncWriteExt;
    let socket = screen.get_mut();
    for _ in 0..=(MESSAGE_BYTES_MAX / part.len()) + 1 {
        if socket.write_all(part.as_bytes()).await.is_err() {
            break;
        }
    }
    let told = hear(&mut screen).await;
    assert_eq!((&told["told"], &told["problem"]["code"]), (&json!("refused"), &json!("call_invalid")));
    world.end().await;
}

#[tokio::test]
async fn one_desk_too_many_is_turned_away_and_a_place_that_is_left_is_free_again() {
    let world = World::start().await;
    world.hub.publish(notices(0));
    let mut screens = Vec::new();
    for _ in 0..DESKS_MAX {
        let mut screen = world.screen().await;
        assert_eq!(hear(&mut screen).await["section"], "notices");
        screens.push(screen);
    }
    let mut late = world.screen().await;
    assert_eq!(hear(&mut late).await["problem"]["code"], "desk_busy");
    screens.pop();
    let came = async {
        loop {
            let mut screen = world.screen().await;
            if hear(&mut screen).await["told"] == "news" {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), came).await.expect("a place is free again");
    world.end().await;
}

#[tokio::test]
async fn calls_that_wait_are_bounded_and_the_rest_is_served() {
    let world = World::start().await;
    let mut screen = world.screen().await;
    for n in 0..16 {
        ask(&mut screen, json!({"n": n, "call": "scan_ports"})).await;
    }
    ask(&mut screen, json!({"n": 16, "call": "resume"})).await;
    let refused = hear(&mut screen).await;
    assert_eq!((&refused["n"], &refused["problem"]["code"]), (&json!(16), &json!("desk_busy")));
    let mut other = world.screen().await;
    ask(&mut other, json!({"n": 1, "call": "resume"})).await;
    assert_eq!(hear(&mut other).await["told"], "answer");
    world.end().await;
}

#[tokio::test]
async fn a_desk_that_does_not_read_gets_the_newest_when_it_does() {
    let world = World::start().await;
    let mut screen = world.screen().await;
    // More than the socket's buffers hold, were each of them sent.
    let filler = "y".repeat(4096);
    for unread in 0..2_000 {
        let item = ttalkak_protocol::desk::Notice {
            id: 1,
            at: UnixMillis(0),
            weight: ttalkak_protocol::desk::NoticeWeight::Info,
            announce: false,
            what: ttalkak_protocol::desk::NoticeKind::UpdateReady { version: filler.clone() },
        };
        world.hub.publish(News::Notices(Notices { items: vec![item], read_up_to: 0, unread }));
        if unread % 100 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let (mut told, mut newest) = (0, 0);
    while newest < 1_999 {
        newest = hear(&mut screen).await["now"]["unread"].as_u64().unwrap();
        told += 1;
    }
    assert!(told < 1_900, "{told} of 2000 states were told");
    world.end().await;
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_a_living_one_is_not() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let door = Door::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(matches!(Door::open(&path).await, Err(DoorError::Taken(_))));
    drop(door);
    assert!(!path.exists());
}

#[test]
fn the_socket_is_where_both_sides_reckon_it() {
    let env = |pairs: &[(&str, &str)]| -> crate::config::Texts {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let at = |env: &crate::config::Texts, data: &str| {
        socket(env, std::path::Path::new(data)).display().to_string()
    };
    let usual = env(&[("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
    assert_eq!(at(&usual, "/home/me/.local/share/ttalkak-agent"), "/run/user/1000/ttalkak/agent.sock");
    assert_eq!(at(&usual, "/srv/other"), "/srv/other/desk.sock");
    assert_eq!(
        at(&env(&[("HOME", "/home/me")]), "/home/me/.local/share/ttalkak-agent"),
        "/home/me/.local/share/ttalkak-agent/desk.sock"
    );
    let long = format!("/{}", "deep/".repeat(30));
    let short = at(&usual, &long);
    assert!(short.starts_with("/tmp/ttalkak-") && short.len() < 60, "{short}");
    assert_ne!(short, at(&usual, &format!("{long}er")));
}
