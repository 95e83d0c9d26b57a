//! What is wrong with settings, field by field.

use ttalkak_protocol::{
    desk::{Bounds, Fault, HourSpan, Limits, Settings, Treatment},
    error::{ErrorCode, Problem},
};

/// Names of exclusive programs.
const PROGRAMS_MAX: usize = 50;
/// The longest name of a program.
const PROGRAM_CHARS_MAX: usize = 100;
/// A day.
const MINUTES: u16 = 1440;

/// All that is wrong; nothing when they can be used.
pub fn check(settings: &Settings, bounds: &Bounds) -> Vec<Fault> {
    let mut faults = Faults::default();
    faults.limits(&settings.limits, bounds);
    for (day, spans) in settings.schedule.days.iter().enumerate() {
        faults.when(!ascends(spans), || {
            (
                format!("schedule.days.{day}"),
                "Hours of a day follow each other and end by midnight.".to_owned(),
            )
        });
    }
    let idle = settings.idle.after_minutes;
    faults.when(!(1..=240).contains(&idle), || {
        ("idle.after_minutes".to_owned(), "Choose 1 to 240 minutes.".to_owned())
    });
    let programs = &settings.exclusive.programs;
    let named = |name: &String| !name.trim().is_empty() && name.chars().count() <= PROGRAM_CHARS_MAX;
    faults.when(programs.len() > PROGRAMS_MAX || !programs.iter().all(named), || {
        let told =
            format!("Name at most {PROGRAMS_MAX} programs, each with 1 to {PROGRAM_CHARS_MAX} letters.");
        ("exclusive.programs".to_owned(), told)
    });
    let treatments = [
        ("when_off", settings.when_off),
        ("schedule.running", settings.schedule.running),
        ("idle.running", settings.idle.running),
        ("exclusive.running", settings.exclusive.running),
        ("battery.running", settings.battery.running),
    ];
    for (field, treatment) in treatments {
        faults.when(!is_sound(treatment), || (field.to_owned(), "A notice has at most a day.".to_owned()));
    }
    faults.electricity(settings);
    faults.0
}

/// Whether a treatment's notice is within its bounds.
pub fn is_sound(treatment: Treatment) -> bool {
    match treatment {
        Treatment::Keep | Treatment::Drain => true,
        Treatment::Stop { notice_minutes } => notice_minutes <= u32::from(MINUTES),
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn when(&mut self, wrong: bool, fault: impl FnOnce() -> (String, String)) {
        if wrong {
            let (field, told) = fault();
            self.0.push(Fault { field, problem: Problem::new(ErrorCode::SettingInvalid, told) });
        }
    }

    fn limits(&mut self, limits: &Limits, bounds: &Bounds) {
        let Limits { cpu, memory, disk, download, upload, port_first, port_last, workloads } = *limits;
        self.when(cpu < bounds.cpu.0 || cpu > bounds.cpu.1, || {
            ("limits.cpu".to_owned(), format!("Choose {} to {} thousandths.", bounds.cpu.0.0, bounds.cpu.1.0))
        });
        let mib = |bytes: u64| bytes >> 20;
        self.when(memory < bounds.memory.0 || memory > bounds.memory.1, || {
            let (least, most) = (mib(bounds.memory.0.0), mib(bounds.memory.1.0));
            ("limits.memory".to_owned(), format!("Choose {least} to {most} MiB."))
        });
        self.when(disk < bounds.disk.0 || disk > bounds.disk.1, || {
            let (least, most) = (mib(bounds.disk.0.0), mib(bounds.disk.1.0));
            ("limits.disk".to_owned(), format!("Choose {least} to {most} MiB."))
        });
        for (field, limit) in [("limits.download", download), ("limits.upload", upload)] {
            self.when(limit.is_some_and(|limit| limit < bounds.bandwidth_min), || {
                (field.to_owned(), format!("Choose at least {} KiB a second.", bounds.bandwidth_min.0 >> 10))
            });
        }
        let enough = port_last.checked_sub(port_first).is_some_and(|more| more >= bounds.ports_min - 1);
        self.when(!enough || port_first < bounds.port.0 || port_last > bounds.port.1, || {
            let (first, last, least) = (bounds.port.0, bounds.port.1, bounds.ports_min);
            ("limits.ports".to_owned(), format!("Choose at least {least} ports between {first} and {last}."))
        });
        self.when(workloads < bounds.workloads.0 || workloads > bounds.workloads.1, || {
            ("limits.workloads".to_owned(), format!("Choose 1 to {}.", bounds.workloads.1))
        });
    }

    fn electricity(&mut self, settings: &Settings) {
        let electricity = &settings.electricity;
        let price = electricity.per_kilowatt_hour.as_deref();
        self.when(!price.is_none_or(is_decimal), || {
            ("electricity.per_kilowatt_hour".to_owned(), "Give a number such as 120.5.".to_owned())
        });
        let letters = electricity.currency.bytes().all(|letter| letter.is_ascii_uppercase());
        self.when(electricity.currency.len() != 3 || !letters, || {
            ("electricity.currency".to_owned(), "A currency has three letters, such as KRW.".to_owned())
        });
        self.when(!(1..=2000).contains(&electricity.watts_at_full_load), || {
            ("electricity.watts_at_full_load".to_owned(), "Choose 1 to 2000 watts.".to_owned())
        });
    }
}

fn ascends(spans: &[HourSpan]) -> bool {
    let sound = spans.iter().all(|span| span.from < span.to && span.to <= MINUTES);
    sound && spans.windows(2).all(|pair| pair[0].to < pair[1].from)
}

fn is_decimal(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(part)
}
