use super::*;
use crate::{
    config::Payments,
    jobs::scene::{NOW, Scene},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};
use ttalkak_protocol::unit::Millis;

/// How a source behaves.
#[derive(Clone)]
enum Manner {
    Says(String),
    Status(u16),
    /// Takes the request and never answers.
    Stalls,
    /// Sends more and more.
    Endless,
}

/// A source on a real socket; ends with the set.
async fn serve(manner: Manner) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/latest", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = [0; 2048];
            drop(socket.read(&mut head).await);
            match &manner {
                Manner::Says(body) => {
                    let length = body.len();
                    let text = format!(
                        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
                    );
                    drop(socket.write_all(text.as_bytes()).await);
                }
                Manner::Status(status) => {
                    let text =
                        format!("HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                    drop(socket.write_all(text.as_bytes()).await);
                }
                Manner::Stalls => std::future::pending().await,
                Manner::Endless => {
                    drop(socket.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await);
                    while socket.write_all(&[b' '; 65_536]).await.is_ok() {}
                }
            }
        }
    });
    (url, tasks)
}

fn source(url: &str) -> RateSource {
    RateSource {
        currency: "KRW".into(),
        url: url.to_owned(),
        value_at: "/rates/KRW".into(),
        time_at: Some("/at".into()),
    }
}

fn says(rate: &str, at: UnixMillis) -> Manner {
    Manner::Says(format!("{{\"rates\": {{\"KRW\": {rate}}}, \"at\": {}}}", at.0))
}

async fn ask(scene: &Scene, manner: Manner, now: UnixMillis) -> Result<DisplayRate, RateError> {
    let (url, _source) = serve(manner).await;
    let quotes = Quotes::new(Duration::from_millis(500)).unwrap();
    look(&scene.store, &scene.money, &source(&url), &quotes, now).await
}

#[tokio::test]
async fn a_rate_is_asked_for_shown_with_source_and_time_and_kept_for_statements() {
    let scene = Scene::new().await;
    let rate = ask(&scene, says("1380.5", NOW), NOW).await.unwrap();
    assert_eq!((rate.micros_per_token, rate.at, rate.source.as_str()), (1_380_500_000, NOW, "127.0.0.1"));
    assert_eq!(scene.money.display(NOW), std::slice::from_ref(&rate));
    let later = NOW.after(Millis(2 * 3_600_000));
    ask(&scene, says("1400", later), later).await.unwrap();
    let history = scene.store.rates_until(NOW.after(Millis(60_000))).await.unwrap();
    assert_eq!(history, [rate], "a day that is over keeps its rate");
    assert_eq!(scene.store.newest_rates().await.unwrap()[0].micros_per_token, 1_400_000_000);
}

#[tokio::test]
async fn a_source_that_lies_stalls_floods_or_fails_leaves_the_old_rate_which_grows_old() {
    let scene = Scene::new().await;
    let good = ask(&scene, says("1380", NOW), NOW).await.unwrap();
    let soon = NOW.after(Millis(60_000));
    let tomorrow = NOW.after(Millis(86_400_000));
    let lies = [
        ("jumps up", says("13800", soon)),
        ("jumps down", says("138", soon)),
        ("no number", says("\"a lot\"", soon)),
        ("from the future", says("1380", tomorrow)),
        ("from the past", says("1381", UnixMillis(NOW.0 - 1))),
        ("no JSON", Manner::Says("<html>".into())),
        ("elsewhere", Manner::Status(302)),
        ("broken", Manner::Status(500)),
        ("stalls", Manner::Stalls),
        ("floods", Manner::Endless),
    ];
    for (what, manner) in lies {
        assert!(ask(&scene, manner, soon).await.is_err(), "{what}");
        assert_eq!(scene.money.display(soon), std::slice::from_ref(&good), "{what}");
    }
    let later = NOW.after(Millis(31 * 86_400_000));
    assert!(scene.money.display(later)[0].stale, "nobody takes an old rate for a new one");
}

#[test]
fn what_the_operator_wrote_down_is_where_a_jump_is_measured_from() {
    let line = "display_rates = [\"KRW 1380 2026-11-20T00:00:00Z Bank of Korea\"]\n\
        rate_sources = [\"KRW https://rates.example.com/v1 /rates/KRW\"]\nrate_jump_max = \"10%\"";
    let config = crate::config::Config::read(line, &Default::default()).unwrap().payments;
    assert_eq!((config.rate_jump_percent, config.rate_sources.len()), (10, 1));
    let Payments { display_rates, .. } = config;
    let far = DisplayRate { micros_per_token: 1_600_000_000, at: NOW, ..display_rates[0].clone() };
    assert!(judge(display_rates.first(), &far, 10).is_err());
}
