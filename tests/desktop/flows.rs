//! What an owner does in the real window, with the real daemon, engine, coordinator and chain behind it.

use crate::{
    session::{Session, possible, until},
    unseen::signal,
    web::Driver,
};
use std::time::Duration;
use ttalkak_tests::{App, LocalChain, World, engine, until as until_some, world::BUILD};

const AGENT: &str = "ttalkak-agent";
/// The left arrow, as WebDriver writes it.
const LESS: &str = "\u{E012}";

/// A world whose own agent has left, so that whatever is deployed comes to the window's.
async fn world(chain: &LocalChain) -> Option<World> {
    let mut world = World::start_with(chain.options()).await?;
    world.agent.stop(Duration::from_secs(30)).await;
    world.become_tenant(chain, "20").await;
    Some(world)
}

/// An agent's objects in the engine, removed with it.
struct Machine(String);

impl Drop for Machine {
    fn drop(&mut self) {
        engine::clear(&self.0);
    }
}

async fn first_run(driver: &Driver, world: &World) -> Machine {
    driver.reads("Lend an idle computer").await;
    driver.click("//label[contains(., 'I have read this')]//button").await;
    driver.press("Continue").await;
    driver.reads("Is this computer ready?").await;
    driver.click("(//footer//button)[last()][not(@disabled)]").await;
    driver.reads("How much do you lend?").await;
    driver.press("Continue").await;
    driver.reads("Where do earnings go?").await;
    driver.click("//button[starts-with(normalize-space(.), 'Make a wallet here')]").await;
    driver.fill("Passphrase", "four random words here").await;
    driver.fill("The same again", "four random words here").await;
    driver.press("Make it").await;
    driver.reads("As a file with a passphrase").await;
    driver.click("//*[@role='dialog']//button[normalize-space(.)='Not now']").await;
    driver.press("Continue").await;
    driver.reads("Connect this computer").await;
    let made: serde_json::Value =
        serde_json::from_slice(&world.do_well(&["providers", "enrol", "--json"]).await).unwrap();
    driver.fill("Address of the coordinator", &world.api_url()).await;
    driver.fill("One-time code", made["code"].as_str().unwrap()).await;
    driver.press("Connect").await;
    driver.reads("Ready. One click is left.").await;
    driver.click("//button[@role='switch']").await;
    driver.reads("You are lending").await;
    driver.press("Go home").await;
    let agent = until_some("the machine is online", Duration::from_secs(60), || async {
        let (_, list) = world.get_api("/v1/providers").await;
        let mine = list["items"].as_array()?.iter().find(|one| one["online"] == true)?;
        mine["id"].as_str().map(str::to_owned)
    });
    Machine(agent.await)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_first_run_to_the_first_earning_and_away_again() {
    if !possible() {
        return;
    }
    let Some(chain) = LocalChain::start().await else { return };
    let Some(world) = world(&chain).await else { return };
    let mut session = Session::new().with_bus().with_screen();
    session.env = chain.options().agent_env;
    let driver = Driver::open(&mut session, &[]).await;
    let machine = first_run(&driver, &world).await;

    let app = App::new("first earning");
    world.deploy(app.path(), "shop", &[]).await;
    assert_eq!(world.visit("shop", "/").await.body, "first earning");
    driver.reads("shop.localhost").await;
    let earned = "//a[contains(., 'Earned today')]";
    let read = format!(
        "return document.evaluate(\"{earned}\", document, null, 9, null).singleNodeValue?.innerText ?? ''"
    );
    until("something is earned", async || {
        let text = driver.script(&read).await.as_str().unwrap_or_default().to_owned();
        text.contains(|c: char| ('1'..='9').contains(&c)) && !text.contains("nothing paid")
    })
    .await;

    // A pause takes nothing new and lets what runs go on.
    driver.press("Pause").await;
    driver.press("Until I resume").await;
    driver.reads("Paused").await;
    assert_eq!(world.visit("shop", "/").await.body, "first earning");
    driver.press("Resume").await;
    until_some("it lends again", Duration::from_secs(60), || async {
        driver.text().await.contains("Lending").then_some(())
    })
    .await;

    // Leaving takes everything away, and nothing is left in the engine.
    driver.press("Leave…").await;
    driver
        .click("//label[contains(., 'At once')]//button | //*[@role='radio' and contains(., 'At once')]")
        .await;
    driver.press("Leave").await;
    until_some("nothing runs here", BUILD, || async {
        engine::containers(&world.engine, &machine.0).await.is_empty().then_some(())
    })
    .await;
    world.cli(&["delete", "shop", "--yes"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_lowered_holds_the_running_container_at_once() {
    if !possible() {
        return;
    }
    let Some(mut world) = World::start().await else { return };
    world.agent.stop(Duration::from_secs(30)).await;
    let mut session = Session::new().with_bus().with_screen();
    let driver = Driver::open(&mut session, &[]).await;
    let machine = first_run(&driver, &world).await;
    let app = App::new("less is enough");
    world.deploy(app.path(), "shop", &[]).await;
    let container = engine::running(&world.engine, &machine.0).await.remove(0).1;
    let cpu = async || {
        let seen = world.engine.inspect_container(&container, None).await.unwrap();
        seen.host_config.unwrap().nano_cpus.unwrap()
    };
    let before = cpu().await;
    driver.press("Limits and prices").await;
    driver.keys("//*[@role='slider' and @aria-labelledby=//span[.='Processor']/@id]", LESS).await;
    driver.press("Save").await;
    until("the container has less", async || cpu().await < before).await;
    assert_eq!(world.visit("shop", "/").await.body, "less is enough");
    assert_eq!(engine::running(&world.engine, &machine.0).await.len(), 1, "it is the same container");
    world.cli(&["delete", "shop", "--yes"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_is_told_of_and_comes_back_and_the_page_with_it() {
    if !possible() {
        return;
    }
    let mut session = Session::new().with_bus().with_screen();
    let driver = Driver::open(&mut session, &[]).await;
    driver.reads("Lend an idle computer").await;
    let daemon = session.processes(AGENT);
    assert_eq!(daemon.len(), 1, "the tray started one");
    // What the page was told is kept by it, as this is over in less than a person sees.
    driver
        .script(
            "window.told = []; new MutationObserver(() => window.told.push(document.body.innerText))
               .observe(document.body, { childList: true, subtree: true, characterData: true }); return null",
        )
        .await;
    signal(daemon[0], "KILL");
    until("the page tells it", async || {
        let told = driver.script("return window.told.join()").await;
        told.as_str().is_some_and(|told| told.contains("The background service ended unexpectedly."))
    })
    .await;
    until("another is there", async || {
        let now = session.processes(AGENT);
        now.len() == 1 && now != daemon
    })
    .await;
    until("the page is fresh again", async || !driver.text().await.contains("background service")).await;
    driver.click("//label[contains(., 'I have read this')]//button").await;
    driver.press("Continue").await;
    driver.reads("Is this computer ready?").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checkup_shows_an_engine_that_is_missing_and_that_it_is_there_again() {
    if !possible() {
        return;
    }
    if engine::connect().await.is_none() {
        return;
    }
    let mut session = Session::new().with_bus().with_screen();
    let socket = session.run_folder().with_file_name("engine.sock");
    session.env = vec![("DOCKER_HOST".to_owned(), format!("unix://{}", socket.display()))];
    let driver = Driver::open(&mut session, &[]).await;
    driver.click("//label[contains(., 'I have read this')]//button").await;
    driver.press("Continue").await;
    driver.reads("Is this computer ready?").await;
    let finding = async |grade: &str| {
        let path = format!("//li[contains(@class, '{grade}')]//p[starts-with(., 'Container engine')]");
        driver.has(&path).await;
    };
    finding("bad").await;
    driver.reads("The container engine is installed and does not run.").await;
    // It is noticed without a press on anything.
    std::os::unix::fs::symlink("/var/run/docker.sock", &socket).unwrap();
    finding("good").await;
    assert!(!driver.text().await.contains("does not run"));
}
