//! Statements come as CSV (RFC 4180): read here to be shown as columns or JSON. Pure.

use crate::output::{Paint, plain};
use serde_json::{Map, Value};

/// The rows of a text, headings first.
pub(crate) fn parse(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            _ => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows.retain(|row| row.iter().any(|cell| !cell.is_empty()));
    rows
}

/// One object a row, with the headings as names.
pub(crate) fn objects(rows: &[Vec<String>]) -> Vec<Map<String, Value>> {
    let Some((names, rows)) = rows.split_first() else { return Vec::new() };
    let object = |row: &Vec<String>| {
        names.iter().cloned().zip(row.iter().map(|cell| Value::from(cell.as_str()))).collect()
    };
    rows.iter().map(object).collect()
}

/// Columns two blanks apart, headings in capitals.
pub(crate) fn aligned(rows: &[Vec<String>], paint: Paint) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let cell = |row: &[String], at: usize| row.get(at).map(|text| plain(text)).unwrap_or_default();
    let widths: Vec<_> = (0..columns)
        .map(|at| rows.iter().map(|row| console::measure_text_width(&cell(row, at))).max().unwrap_or(0))
        .collect();
    let mut lines = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (at, width) in widths.iter().enumerate() {
            let text = cell(row, at);
            let text = if number == 0 { text.replace('_', " ").to_uppercase() } else { text };
            line.push_str(&text);
            line.push_str(&" ".repeat(width - console::measure_text_width(&text).min(*width) + 2));
        }
        let line = line.trim_end();
        lines.push(if number == 0 { paint.dim(line) } else { line.to_owned() });
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_commas_and_line_ends_in_a_cell_are_its_own() {
        let rows = parse("name,amount\r\n\"a, \"\"b\"\"\n2\",1.50\r\nlast,2");
        assert_eq!(rows[1], ["a, \"b\"\n2", "1.50"]);
        assert_eq!(rows[2], ["last", "2"]);
        assert_eq!(objects(&rows)[1]["amount"], "2");
        assert!(parse("").is_empty() && parse("\n\n").is_empty());
    }

    #[test]
    fn columns_line_up_and_cannot_command_the_terminal() {
        let rows = parse("from,charged_total\n\u{1b}[2Jx,1\n");
        assert_eq!(aligned(&rows, Paint::new(false)), "FROM  CHARGED TOTAL\nx     1");
    }
}
