//! Aligned columns. Pure.

use super::Paint;

/// Rows under their headings, columns two blanks apart, the last one not padded. Cells may hold colours.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]], paint: Paint) -> String {
    let width = |text: &str| console::measure_text_width(text);
    let mut widths = headings.map(width);
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            widths[column] = widths[column].max(width(cell));
        }
    }
    let render = |cells: &[String; N]| {
        let mut line = String::new();
        for (column, cell) in cells.iter().enumerate() {
            line.push_str(cell);
            if column + 1 < N {
                line.push_str(&" ".repeat(widths[column] - width(cell) + 2));
            }
        }
        line.trim_end().to_owned()
    };
    let head = headings.map(|heading| paint.dim(heading));
    std::iter::once(render(&head)).chain(rows.iter().map(render)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_for_wide_letters_and_colours_too() {
        let rows =
            [["딸깍".to_owned(), "● Live".to_owned()], ["a".to_owned(), "\u{1b}[31m▲\u{1b}[0m".to_owned()]];
        let text = table(["NAME", "STATUS"], &rows, Paint::new(false));
        assert_eq!(text, "NAME  STATUS\n딸깍  ● Live\na     \u{1b}[31m▲\u{1b}[0m");
    }

    #[test]
    fn an_empty_table_is_its_headings() {
        assert_eq!(table(["A", "B"], &[], Paint::new(false)), "A  B");
    }
}
