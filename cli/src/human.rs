//! Sizes, durations and processor shares, from people and for people. Pure.

use ttalkak_protocol::unit::{Bytes, MilliCpu, Millis, UnixMillis};

/// `512 B`, `1.5 KiB`, `12 MiB`: three digits at most, binary units.
pub(crate) fn size(bytes: Bytes) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut unit = 0;
    let mut scale = 1u64;
    // Moves on once rounding would show 1024 of the smaller unit.
    while unit + 1 < UNITS.len() && bytes.0.saturating_add(scale / 2) / scale >= 1024 {
        scale *= 1024;
        unit += 1;
    }
    let tenths = (u128::from(bytes.0) * 10 + u128::from(scale / 2)) / u128::from(scale);
    if tenths < 100 && unit > 0 && !tenths.is_multiple_of(10) {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", (u128::from(bytes.0) + u128::from(scale / 2)) / u128::from(scale), UNITS[unit])
    }
}

/// `1 file`, `3 files`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A measured span: `0.4 s`, `12.3 s`, `2 min 5 s`, `1 h 4 min`.
pub(crate) fn took(span: Millis) -> String {
    let seconds = span.0 / 1000;
    match seconds {
        0..=59 => format!("{}.{} s", seconds, span.0 % 1000 / 100),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long something has lasted, in its largest unit: `now`, `40 s`, `2 min`, `3 h`, `5 d`.
pub(crate) fn age(since: UnixMillis, now: UnixMillis) -> String {
    coarse(now.since(since))
}

/// `2 min ago`, `just now`.
pub(crate) fn ago(then: UnixMillis, now: UnixMillis) -> String {
    match coarse(now.since(then)).as_str() {
        "now" => "just now".to_owned(),
        text => format!("{text} ago"),
    }
}

/// How long from `now` until `then`: `in 15 min`, `now` when past.
pub(crate) fn until(then: UnixMillis, now: UnixMillis) -> String {
    match coarse(then.since(now)).as_str() {
        "now" => "now".to_owned(),
        text => format!("in {text}"),
    }
}

fn coarse(span: Millis) -> String {
    let seconds = span.0 / 1000;
    match seconds {
        0 => "now".to_owned(),
        1..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min", seconds / 60),
        3600..=86_399 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Reads `512MiB`, `1.5 GiB` or Docker's `512m`. Units are binary whatever their spelling, as engines count so.
/// Errors: a sentence, for the command line.
pub(crate) fn parse_size(text: &str) -> Result<Bytes, String> {
    let wrong = || format!("`{text}` is not a size: write it as 512MiB or 1.5GiB");
    let trimmed = text.trim();
    let digits = trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(digits);
    let scale: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => return Err(wrong()),
    };
    let thousandths = parse_thousandths(number).ok_or_else(wrong)?;
    let bytes = u128::from(thousandths) * u128::from(scale) / 1000;
    u64::try_from(bytes).map(Bytes).map_err(|_| wrong())
}

/// `0.5 processors`, `1 processor`.
pub(crate) fn cores(cpu: MilliCpu) -> String {
    let text = format!("{}.{:03}", cpu.0 / 1000, cpu.0 % 1000);
    let number = text.trim_end_matches('0').trim_end_matches('.');
    format!("{number} processor{}", if number == "1" { "" } else { "s" })
}

/// Reads a decimal number with at most three decimals as thousandths: `0.5` is 500.
pub(crate) fn parse_thousandths(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || part.len() > 3 || !digits(whole) || !digits(part) {
        return None;
    }
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u64 = format!("{part:0<3}").parse().ok()?;
    whole.checked_mul(1000)?.checked_add(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_a_binary_unit_and_few_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1 KiB"),
            (1536, "1.5 KiB"),
            (1024 * 1024 - 1, "1 MiB"),
            (12 * 1024 * 1024 + 300_000, "12 MiB"),
            (u64::MAX, "16777216 TiB"),
        ] {
            assert_eq!(size(Bytes(bytes)), text, "{bytes}");
        }
    }

    #[test]
    fn durations_use_the_unit_that_fits() {
        for (millis, text) in [
            (40, "0.0 s"),
            (1_240, "1.2 s"),
            (59_999, "59.9 s"),
            (125_000, "2 min 5 s"),
            (3_840_000, "1 h 4 min"),
        ] {
            assert_eq!(took(Millis(millis)), text);
        }
        let now = UnixMillis(1_000_000_000);
        for (earlier, text) in [(400, "now"), (40_000, "40 s"), (7_300_000, "2 h"), (400_000_000, "4 d")] {
            assert_eq!(age(UnixMillis(now.0 - earlier), now), text);
        }
        assert_eq!(ago(now, now), "just now");
        assert_eq!(until(UnixMillis(now.0 + 900_000), now), "in 15 min");
    }

    #[test]
    fn a_time_in_the_future_is_now() {
        assert_eq!(age(UnixMillis(10_000), UnixMillis(0)), "now");
    }

    #[test]
    fn sizes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("512MiB", 512 << 20),
            ("512m", 512 << 20),
            ("1.5 GiB", 3 << 29),
            (" 64 MB ", 64 << 20),
            ("10b", 10),
        ] {
            assert_eq!(parse_size(text), Ok(Bytes(bytes)), "{text}");
        }
        for text in ["", "512", "MiB", "-1MiB", "1,5GiB", "1.2345g", "99999999999999g", "1e3m", "٥m"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn thousandths_are_exact() {
        for (text, value) in [("0.5", Some(500)), ("2", Some(2000)), (".25", Some(250)), ("1.", Some(1000))] {
            assert_eq!(parse_thousandths(text), value, "{text}");
        }
        for text in ["", ".", "-1", "0.0001", "NaN", "18446744073709551615"] {
            assert_eq!(parse_thousandths(text), None, "{text}");
        }
    }
}
