//! Credit of one stream in each direction, and the budget out of which busy streams get larger windows.
//! There is no window for the whole connection: a slow reader can use up only what is its own.
//! Deliberately absent: a clock. A window grows because its reader keeps up, whatever the speed.

/// Bytes a new stream may send before its first credit. Both sides know it, so it is part of the protocol.
pub const INITIAL_WINDOW_BYTES: u32 = 128 * 1024;
/// The most a window grows to. 1 MiB carries 20 MB/s over a round trip of 50 ms.
pub const MAX_WINDOW_BYTES: u32 = 1024 * 1024;
/// The most credit a sender lets a peer pile up; beyond it the peer's arithmetic is broken.
pub const MAX_CREDIT_BYTES: u32 = 16 * 1024 * 1024;

/// The credit limit was crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overrun;

/// What we may still send on one stream.
#[derive(Debug)]
pub struct SendCredit {
    available: u32,
}

impl Default for SendCredit {
    fn default() -> Self {
        Self { available: INITIAL_WINDOW_BYTES }
    }
}

impl SendCredit {
    /// Bytes that may be sent now.
    pub const fn available(&self) -> usize {
        self.available as usize
    }

    /// Uses `len` bytes, at most what is available.
    pub fn spend(&mut self, len: usize) {
        let len = u32::try_from(len).expect("callers send at most what is available, a u32");
        self.available = self.available.checked_sub(len).expect("callers send at most what is available");
    }

    /// Adds what the peer granted.
    ///
    /// Errors: `Overrun` above `MAX_CREDIT_BYTES`.
    pub fn grant(&mut self, bytes: u32) -> Result<(), Overrun> {
        let sum = self.available.checked_add(bytes).filter(|sum| *sum <= MAX_CREDIT_BYTES);
        self.available = sum.ok_or(Overrun)?;
        Ok(())
    }
}

/// Bytes by which the windows of one session may grow in all. Returned when streams end.
#[derive(Debug)]
pub struct GrowthBudget {
    left: u32,
}

impl GrowthBudget {
    /// A budget of `bytes`.
    pub const fn new(bytes: u32) -> Self {
        Self { left: bytes }
    }

    /// Bytes not yet lent.
    pub const fn left(&self) -> u32 {
        self.left
    }

    fn take(&mut self, bytes: u32) -> bool {
        let left = self.left.checked_sub(bytes);
        self.left = left.unwrap_or(self.left);
        left.is_some()
    }

    fn put_back(&mut self, bytes: u32) {
        self.left += bytes;
    }
}

/// What the peer may still send on one stream.
/// Always `may_send + consumed + (bytes waiting for the reader) == window`.
#[derive(Debug)]
pub struct ReceiveWindow {
    window: u32,
    may_send: u32,
    /// Read by our side and not yet granted again.
    consumed: u32,
    /// Read by our side since the window last grew.
    since_growth: u32,
}

impl Default for ReceiveWindow {
    fn default() -> Self {
        Self { window: INITIAL_WINDOW_BYTES, may_send: INITIAL_WINDOW_BYTES, consumed: 0, since_growth: 0 }
    }
}

impl ReceiveWindow {
    /// The present size of the window, in bytes.
    pub const fn window(&self) -> u32 {
        self.window
    }

    /// Notes that the peer sent `len` bytes.
    ///
    /// Errors: `Overrun` when that is more than it was granted.
    pub fn received(&mut self, len: usize) -> Result<(), Overrun> {
        let len = u32::try_from(len).map_err(|_| Overrun)?;
        self.may_send = self.may_send.checked_sub(len).ok_or(Overrun)?;
        Ok(())
    }

    /// Notes that the reader took `len` bytes and that `waiting` more are there. Returns the credit to grant now,
    /// zero for none: grants come once half a window was read, so that they cost little.
    pub fn consumed(&mut self, len: usize, waiting: usize, budget: &mut GrowthBudget) -> u32 {
        let len = u32::try_from(len).expect("no more is read than a window holds");
        self.consumed += len;
        self.since_growth = self.since_growth.saturating_add(len);
        if self.consumed < self.window / 2 {
            return 0;
        }
        let grant = std::mem::take(&mut self.consumed) + self.growth(waiting, budget);
        self.may_send += grant;
        grant
    }

    /// A reader that keeps up through a whole window is held back by the window alone: double it.
    /// A reader that lags would only fill the larger window with waiting bytes.
    fn growth(&mut self, waiting: usize, budget: &mut GrowthBudget) -> u32 {
        let keeps_up = waiting <= self.window as usize / 4 && self.since_growth >= self.window;
        let step = self.window.min(MAX_WINDOW_BYTES - self.window);
        if !keeps_up || step == 0 || !budget.take(step) {
            return 0;
        }
        self.window += step;
        self.since_growth = 0;
        step
    }

    /// Gives what the window had grown by back to the budget, when the stream ends.
    pub fn close(&mut self, budget: &mut GrowthBudget) {
        budget.put_back(self.window - INITIAL_WINDOW_BYTES);
        self.window = INITIAL_WINDOW_BYTES;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reader_that_keeps_up_gets_a_larger_window_up_to_the_limit() {
        let (mut window, mut budget) = (ReceiveWindow::default(), GrowthBudget::new(u32::MAX / 2));
        for _ in 0..1024 {
            window.received(16 * 1024).unwrap();
            window.consumed(16 * 1024, 0, &mut budget);
        }
        assert_eq!(window.window(), MAX_WINDOW_BYTES);
    }

    #[test]
    fn a_reader_that_lags_keeps_its_small_window() {
        let (mut window, mut budget) = (ReceiveWindow::default(), GrowthBudget::new(u32::MAX / 2));
        window.received(INITIAL_WINDOW_BYTES as usize).unwrap();
        for _ in 0..1024 {
            let waiting = INITIAL_WINDOW_BYTES as usize - 16 * 1024;
            window.consumed(16 * 1024, waiting, &mut budget);
            window.received(16 * 1024).ok();
        }
        assert_eq!(window.window(), INITIAL_WINDOW_BYTES);
    }

    #[test]
    fn growth_stops_with_the_budget_and_returns_to_it() {
        let (mut window, mut budget) = (ReceiveWindow::default(), GrowthBudget::new(INITIAL_WINDOW_BYTES));
        for _ in 0..1024 {
            window.received(16 * 1024).unwrap();
            window.consumed(16 * 1024, 0, &mut budget);
        }
        assert_eq!((window.window(), budget.left()), (2 * INITIAL_WINDOW_BYTES, 0));
        window.close(&mut budget);
        assert_eq!(budget.left(), INITIAL_WINDOW_BYTES);
    }

    #[test]
    fn one_byte_beyond_the_grant_is_an_overrun() {
        let mut window = ReceiveWindow::default();
        window.received(INITIAL_WINDOW_BYTES as usize).unwrap();
        assert_eq!(window.received(1), Err(Overrun));
        assert_eq!(SendCredit::default().grant(MAX_CREDIT_BYTES), Err(Overrun));
        assert_eq!(SendCredit::default().grant(u32::MAX), Err(Overrun));
    }

    proptest! {
        #[test]
        fn sender_and_receiver_always_agree_on_the_credit(steps in prop::collection::vec((0usize..40_000, 0usize..40_000), 1..400)) {
            let (mut sender, mut receiver) = (SendCredit::default(), ReceiveWindow::default());
            let (mut budget, mut waiting) = (GrowthBudget::new(512 * 1024), 0usize);
            for (send, read) in steps {
                let send = send.min(sender.available());
                sender.spend(send);
                prop_assert!(receiver.received(send).is_ok());
                waiting += send;
                let read = read.min(waiting);
                waiting -= read;
                sender.grant(receiver.consumed(read, waiting, &mut budget)).unwrap();
                prop_assert_eq!(sender.available(), receiver.may_send as usize);
                prop_assert_eq!(receiver.may_send + receiver.consumed + waiting as u32, receiver.window);
                prop_assert!(waiting <= MAX_WINDOW_BYTES as usize);
            }
        }
    }
}
