//! Colours as roles, so that a piece of text says what it means and not how it looks. Pure.

/// What a coloured word means. Colour never stands alone: a sign or word says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// On its way, or worth a look.
    Warn,
    /// Failed.
    Bad,
    /// Nothing to see.
    Quiet,
}

/// Puts colours around words, or leaves them as they are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint(bool);

impl Paint {
    /// `true`: with colours.
    pub(crate) fn new(on: bool) -> Self {
        Self(on)
    }

    /// In the colour of a meaning.
    pub(crate) fn tone(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Good => self.wrap("32", text),
            Tone::Warn => self.wrap("33", text),
            Tone::Bad => self.wrap("31", text),
            Tone::Quiet => self.wrap("2", text),
        }
    }

    /// Less important.
    pub(crate) fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// More important.
    pub(crate) fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Text of others (log lines, messages of an app) made safe for a terminal: escape sequences and other control
/// characters are taken out, so that an app's log cannot move the cursor, set titles or answer for the terminal.
pub(crate) fn plain(text: &str) -> String {
    console::strip_ansi_codes(text)
        .chars()
        .map(|c| if c == '\t' { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect()
}

/// The same with its line ends kept.
pub(crate) fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colours_the_text_is_left_alone() {
        assert_eq!(Paint::new(false).tone(Tone::Bad, "x"), "x");
        assert_eq!(Paint::new(true).bold("x"), "\u{1b}[1mx\u{1b}[0m");
    }

    #[test]
    fn a_log_line_cannot_command_the_terminal() {
        assert_eq!(plain("\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}a\tb\u{8}\r딸깍"), "red a b딸깍");
    }
}
