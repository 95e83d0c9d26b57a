//! What a run found: medians, a table for people, JSON for machines.

use crate::shell::{print, say};
use serde_json::{Value, json};

/// A figure and what it should be.
pub(crate) struct Goal {
    /// What was measured.
    pub what: String,
    /// What was found.
    pub found: f64,
    /// The bound.
    pub bound: f64,
    /// Whether more is better.
    pub at_least: bool,
}

impl Goal {
    /// A figure that should be at most `bound`.
    pub(crate) fn at_most(what: impl Into<String>, found: f64, bound: f64) -> Self {
        Self { what: what.into(), found, bound, at_least: false }
    }

    /// A figure that should be at least `bound`.
    pub(crate) fn at_least(what: impl Into<String>, found: f64, bound: f64) -> Self {
        Self { what: what.into(), found, bound, at_least: true }
    }

    fn met(&self) -> bool {
        if self.at_least { self.found >= self.bound } else { self.found <= self.bound }
    }
}

/// Tells the goals to the person and everything to the machine, as the last line of standard output.
pub(crate) fn report(bench: &str, goals: &[Goal], details: &Value) {
    say("");
    for goal in goals {
        let (sign, word) = (if goal.at_least { "≥" } else { "≤" }, if goal.met() { "met" } else { "MISSED" });
        say(&format!("{:<48} {:>10} {sign} {:<9} {word}", goal.what, short(goal.found), short(goal.bound)));
    }
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let goals: Vec<Value> = goals
        .iter()
        .map(|goal| {
            let bound = if goal.at_least { "at_least" } else { "at_most" };
            json!({ "what": goal.what, "found": rounded(goal.found), bound: goal.bound, "met": goal.met() })
        })
        .collect();
    print(&json!({ "bench": bench, "cores": cores, "goals": goals, "details": details }).to_string());
}

/// The middle of what was measured, the mean of both middles when there is no one; 0 for nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match (sorted.get((sorted.len().max(1) - 1) / 2), sorted.get(sorted.len() / 2)) {
        (Some(low), Some(high)) => f64::midpoint(*low, *high),
        (None, _) | (_, None) => 0.0,
    }
}

/// To a thousandth.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// With as many digits as a person wants.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Tells a table, its columns as wide as they need to be.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([head[at].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).enumerate();
        let cell = |(at, (text, width)): (usize, (&&str, &usize))| {
            if at == 0 { format!("{text:<width$}") } else { format!("{text:>width$}") }
        };
        say(padded.map(cell).collect::<Vec<_>>().join("  ").trim_end());
    };
    say("");
    line(head.to_vec());
    for row in rows {
        line(row.iter().map(String::as_str).collect());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        for (values, middle) in
            [(&[3.0, 1.0, 2.0][..], "2.00"), (&[4.0, 1.0, 2.0, 3.0], "2.50"), (&[], "0.00")]
        {
            assert_eq!(short(median(values)), middle);
        }
    }

    #[test]
    fn a_goal_is_met_on_its_own_side_of_the_bound() {
        assert!(Goal::at_most("ms", 5.0, 5.0).met() && !Goal::at_most("ms", 5.1, 5.0).met());
        assert!(Goal::at_least("ratio", 0.4, 0.4).met() && !Goal::at_least("ratio", 0.39, 0.4).met());
    }
}
