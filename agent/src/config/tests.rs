use super::*;

const EXAMPLE: &str = include_str!("../../agent.example.toml");
const MACHINE: MachineSize = MachineSize { cpus: 4, memory: Bytes(8 << 30) };

fn texts(pairs: &[(&str, &str)]) -> Texts {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn around(env: &[(&str, &str)], file: Option<&str>) -> Surroundings {
    let mut env = texts(env);
    env.insert("HOME".into(), "/home/me".into());
    Surroundings { env, file: file.map(|text| ("agent.toml".into(), text.into())) }
}

fn mistakes(flags: &[(&str, &str)], env: &[(&str, &str)], file: &str) -> Vec<String> {
    let error = Config::read(texts(flags), &around(env, Some(file)), MACHINE).unwrap_err();
    error.0.into_iter().map(|mistake| format!("{}: {}", mistake.key, mistake.why)).collect()
}

#[test]
fn with_nothing_said_half_of_the_machine_is_lent() {
    let config = Config::read(Texts::new(), &around(&[], None), MACHINE).unwrap();
    assert_eq!((config.cpu, config.memory), (MilliCpu(2000), Bytes(4 << 30)));
    assert_eq!((config.port_range, config.workloads_max), (20_000..=29_999, 20));
    assert_eq!(config.data_dir, PathBuf::from("/home/me/.local/share/ttalkak-agent"));
    let xdg = around(&[("XDG_DATA_HOME", "/data")], None);
    let config = Config::read(Texts::new(), &xdg, MACHINE).unwrap();
    assert_eq!(config.data_dir, PathBuf::from("/data/ttalkak-agent"));
}

#[test]
fn the_example_is_what_applies_when_nothing_is_said() {
    let machine_default = ["cpu", "memory", "data_dir"];
    let example = Config::read(Texts::new(), &around(&[], Some(EXAMPLE)), MACHINE).unwrap();
    assert_eq!(example, Config::read(Texts::new(), &around(&[], None), MACHINE).unwrap());
    // Every commented setting, taken into use, is one that exists and is right.
    let used: String = EXAMPLE
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|line| line.contains(" = ")).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n");
    let all = Config::read(Texts::new(), &around(&[], Some(&used)), MACHINE).unwrap();
    assert!(all.coordinator.is_some() && all.engine.is_some() && all.name.is_some());
    for key in machine_default {
        assert!(
            used.lines().any(|line| line.starts_with(&format!("{key} = "))),
            "{key} is not in the example"
        );
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let file = "workloads_max = 1\ndrain = \"1s\"\nname = \"file\"";
    let env =
        [("TTALKAK_AGENT_WORKLOADS_MAX", "2"), ("TTALKAK_AGENT_DRAIN", "2s"), ("TTALKAK_TOKEN", "not ours")];
    let config = Config::read(texts(&[("workloads_max", "3")]), &around(&env, Some(file)), MACHINE).unwrap();
    assert_eq!((config.workloads_max, config.drain), (3, Duration::from_secs(2)));
    assert_eq!(config.name.as_deref(), Some("file"));
}

#[test]
fn all_mistakes_are_told_at_once_each_where_it_was_said() {
    let told = mistakes(
        &[("port_range", "80-90")],
        &[("TTALKAK_AGENT_MEMORY", "512"), ("TTALKAK_AGENT_MEMROY", "1GiB")],
        "cpu = \"fast\"\nworkloads = 3\nname = [1]\n",
    );
    for part in [
        "--port-range: ports below 1024",
        "TTALKAK_AGENT_MEMORY: a size carries its unit",
        "TTALKAK_AGENT_MEMROY: there is no such setting",
        "cpu in agent.toml: processors are",
        "workloads in agent.toml: there is no such setting",
        "name in agent.toml: one value is needed",
    ] {
        assert!(told.iter().any(|mistake| mistake.starts_with(part)), "{part} is not in {told:#?}");
    }
    assert_eq!(told.len(), 6);
    assert!(mistakes(&[], &[], "cpu = ")[0].starts_with("agent.toml: not TOML"));
}

#[test]
fn a_mistake_shows_an_example_and_a_homeless_agent_asks_for_a_folder() {
    let nowhere = Surroundings::default();
    let error = Config::read(texts(&[("drain", "soon")]), &nowhere, MACHINE).unwrap_err().to_string();
    assert!(error.contains("--drain: a time carries its unit: ms, s, m or h; an example is 10s"), "{error}");
    assert!(error.contains("data_dir: neither XDG_DATA_HOME nor HOME is set"), "{error}");
}

#[test]
fn units_are_read_exactly_or_refused() {
    assert_eq!(memory("512MiB"), Ok(Bytes::mib(512)));
    assert_eq!(memory("2gb"), Ok(Bytes(2_000_000_000)));
    for bad in
        ["", "512", "MiB", "-1MiB", "1.5GiB", "63MiB", "99999999999999999999MiB", "18446744073709551615GiB"]
    {
        assert!(memory(bad).is_err(), "{bad}");
    }
    assert_eq!(milli_cpu("1.5"), Ok(MilliCpu(1500)));
    assert_eq!(milli_cpu("250m"), Ok(MilliCpu(250)));
    assert_eq!(milli_cpu("2"), Ok(MilliCpu(2000)));
    for bad in ["", ".", "1.", ".5", "1.2345", "-1", "49m", "4294968", "m", "+1"] {
        assert!(milli_cpu(bad).is_err(), "{bad}");
    }
    assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
    assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
    for bad in ["", "5", "s", "-1s", "25h", "1 day"] {
        assert!(duration(bad).is_err(), "{bad}");
    }
    assert_eq!(port_range("20000-20009"), Ok(20_000..=20_009));
    for bad in ["", "20000", "20000-", "20009-20000", "20000-20005", "0-100", "60000-70000", "1023-2000"] {
        assert!(port_range(bad).is_err(), "{bad}");
    }
}

#[test]
fn rates_are_tokens_with_a_point_and_base_units_without() {
    let read = |file: &str| Config::read(Texts::new(), &around(&[], Some(file)), MACHINE).map(|c| c.money);
    let money =
        read("rate_cpu_hour = \"0.01\"\nrate_memory_gib_hour = 5000\nrate_egress_gib = 0.02").unwrap();
    assert_eq!(money.rates.cpu_hour.0, 10_000);
    assert_eq!((money.rates.memory_gib_hour.0, money.rates.egress_gib.0), (5_000, 20_000));
    let coin = read("token_decimals = 18\nrate_cpu_hour = \"0.000001\"").unwrap();
    assert_eq!(coin.rates.cpu_hour.0, 1_000_000_000_000);
    assert_eq!(money.willing_to_lose, Duration::from_secs(180));
    let payee = read("payee = \"0x52908400098527886e0f7030069857d2e4169ee7\"").unwrap().payee;
    assert_eq!(payee.map(|payee| payee.0[0]), Some(0x52));
}

#[test]
fn money_that_cannot_be_right_is_told() {
    let told = mistakes(
        &[],
        &[],
        "rate_cpu_hour = \"0.0000001\"\nrate_egress_gib = -1\npayee = \"0x52908400098527886E0F7030069857D2E4169Ee7\"\nwilling_to_lose = \"5s\"\ntoken_decimals = 19\npay_chain_id = \"base\"",
    );
    for part in [
        "rate_cpu_hour in agent.toml: an amount",
        "rate_egress_gib in agent.toml: an amount",
        "payee in",
        "willing_to_lose in agent.toml: a minute",
        "token_decimals in",
        "pay_chain_id in",
    ] {
        assert!(told.iter().any(|mistake| mistake.starts_with(part)), "{part} is not in {told:#?}");
    }
    assert_eq!(told.len(), 6);
}
