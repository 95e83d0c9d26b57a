//! Reads a Server-Sent Events stream as its bytes come. Pure: bytes in, events out.
//! Deliberately absent: connecting, and deciding when to connect again; see `follow.rs`.

/// Bytes of one event above which the stream is refused. A log line is at most 16 KiB; the rest is JSON around it.
const EVENT_BYTES_MAX: usize = 1024 * 1024;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Event {
    /// Its kind, `message` when the sender gave none.
    pub(crate) kind: String,
    /// Its data lines, joined by line feeds.
    pub(crate) data: String,
}

/// An event that is larger than any the coordinator sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    past_start: bool,
    kind: String,
    data: String,
    has_data: bool,
    /// Becomes `last_id` with the end of its event: a cut before that must bring the event again.
    id: Option<String>,
    last_id: Option<String>,
    retry_ms: Option<u64>,
}

impl Parser {
    /// Takes the next bytes, cut anywhere, and returns the events that they complete.
    /// Errors: `TooLong`; the stream must be dropped then.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        for &byte in bytes {
            let was_cr = std::mem::take(&mut self.after_cr);
            match byte {
                // CR LF is one line end, even when a packet ends between the two.
                b'\n' if was_cr => {}
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    events.extend(self.end_of_line());
                }
                _ if self.line.len() + self.data.len() >= EVENT_BYTES_MAX => return Err(TooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(events)
    }

    /// The id to send as `Last-Event-ID` on the next connection.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How long the sender wants readers to wait before they connect again, in milliseconds.
    pub(crate) fn retry_ms(&self) -> Option<u64> {
        self.retry_ms
    }

    /// Forgets a half-read event, as a cut stream demands; the last id stays.
    pub(crate) fn reconnect(&mut self) {
        let last_id = self.last_id.take();
        *self = Self { last_id, retry_ms: self.retry_ms, ..Self::default() };
    }

    fn end_of_line(&mut self) -> Option<Event> {
        let bytes = std::mem::take(&mut self.line);
        let text = String::from_utf8_lossy(&bytes);
        let first = !std::mem::replace(&mut self.past_start, true);
        let line = if first { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        self.field(field, value.strip_prefix(' ').unwrap_or(value));
        None
    }

    fn field(&mut self, field: &str, value: &str) {
        match field {
            "event" => self.kind = value.to_owned(),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "id" if !value.contains('\0') => self.id = Some(value.to_owned()),
            "retry" => self.retry_ms = value.parse().ok().or(self.retry_ms),
            // Comments (an empty name) keep the connection warm; unknown fields belong to the future.
            _ => {}
        }
    }

    fn dispatch(&mut self) -> Option<Event> {
        let (kind, data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        let has_data = std::mem::take(&mut self.has_data);
        self.last_id = self.id.take().or_else(|| self.last_id.take());
        let kind = if kind.is_empty() { "message".to_owned() } else { kind };
        // The HTML standard drops events without data; `end` is complete without any.
        (has_data || kind == "end").then_some(Event { kind, data })
    }
}

#[cfg(test)]
mod tests;
