//! Values with their unit: `512MiB`, `30s`, `1.5`, `20000-29999`. Pure.

use std::{ops::RangeInclusive, time::Duration};
use ttalkak_protocol::unit::{Bytes, MilliCpu};

/// Below this the system gives ports away by itself or keeps them for root.
const LOWEST_PORT: u16 = 1024;
/// Fewer ports than this would run out in the first redeploy.
const FEWEST_PORTS: u16 = 10;

/// A size with its unit, such as `512MiB` or `2GB`; at least 64 MiB, the least that runs a workload.
pub fn memory(text: &str) -> Result<Bytes, String> {
    let units = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("KB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
    ];
    let bytes = with_unit(text, &units).ok_or("a size carries its unit: KiB, MiB, GiB, KB, MB or GB")?;
    if bytes < Bytes::mib(64).0 { Err("less than 64 MiB runs nothing".to_owned()) } else { Ok(Bytes(bytes)) }
}

/// A time span with its unit, such as `500ms`, `30s`, `5m`, `1h`; at most a day.
pub fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let millis = with_unit(text, &units).ok_or("a time carries its unit: ms, s, m or h")?;
    if millis > 86_400_000 { Err("a day is the most".to_owned()) } else { Ok(Duration::from_millis(millis)) }
}

/// Processors, such as `2`, `0.5` or `500m` (thousandths); at least 50m.
pub fn milli_cpu(text: &str) -> Result<MilliCpu, String> {
    let millis = match text.strip_suffix('m') {
        Some(millis) => millis.parse().ok(),
        None => {
            let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let shaped = digits(whole) && digits(rest) && rest.len() <= 3;
            let rest = format!("{rest:0<3}").parse::<u32>().ok();
            let whole = whole.parse::<u32>().ok().and_then(|whole| whole.checked_mul(1000));
            shaped.then(|| whole?.checked_add(rest?)).flatten()
        }
    };
    let millis: u32 =
        millis.ok_or("processors are a number such as 2 or 0.5, or thousandths such as 500m")?;
    if millis < 50 { Err("less than 50m runs nothing".to_owned()) } else { Ok(MilliCpu(millis)) }
}

/// The first and last port, such as `20000-29999`.
pub fn port_range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let range = text
        .split_once('-')
        .and_then(|(first, last)| Some(first.trim().parse().ok()?..=last.trim().parse().ok()?));
    let range: RangeInclusive<u16> = range.ok_or("a range of ports is first-last, each 1 to 65535")?;
    match (*range.start(), *range.end()) {
        (first, last) if first > last => Err("the first port is above the last".to_owned()),
        (first, _) if first < LOWEST_PORT => Err(format!("ports below {LOWEST_PORT} belong to the system")),
        (first, last) if last - first < FEWEST_PORTS - 1 => {
            Err(format!("at least {FEWEST_PORTS} ports are needed"))
        }
        _ => Ok(range),
    }
}

/// A whole number directly followed by one of the units.
fn with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?.1;
    number.parse::<u64>().ok()?.checked_mul(factor)
}
