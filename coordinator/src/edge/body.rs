//! The bodies that pass: from visitor to app and back, frame by frame, held by nobody longer than a frame.

use super::{
    Edge,
    head_watch::Watch,
    pool::Sender,
    routes::{Claim, TargetKey},
};
use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::time::{Duration, Instant};

/// From visitor to app.
pub(super) struct Upload {
    passing: Option<Passing>,
}

struct Passing {
    body: Incoming,
    watch: Arc<Watch>,
    progress: Arc<Progress>,
}

/// When a body last moved.
pub(super) struct Progress {
    began: Instant,
    moved_ms: AtomicU64,
}

impl Progress {
    pub(super) fn moved_at(&self) -> Instant {
        self.began + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    fn note(&self) {
        let elapsed = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(elapsed, Ordering::Relaxed);
    }
}

impl Upload {
    /// Passes on what the visitor sends.
    pub(super) fn new(body: Incoming, watch: Arc<Watch>) -> Self {
        if body.is_end_stream() {
            watch.body_ended();
            return Self::empty();
        }
        let progress = Arc::new(Progress { began: Instant::now(), moved_ms: AtomicU64::new(0) });
        Self { passing: Some(Passing { body, watch, progress }) }
    }

    pub(super) const fn empty() -> Self {
        Self { passing: None }
    }

    /// To watch the body by, once it has been handed over; `None` when there is none.
    pub(super) fn progress(&self) -> Option<Arc<Progress>> {
        self.passing.as_ref().map(|passing| Arc::clone(&passing.progress))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(Passing { body, watch, progress }) = &mut self.passing else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
        progress.note();
        if frame.is_none() || body.is_end_stream() {
            watch.body_ended();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.passing.as_ref().is_none_or(|passing| passing.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.passing.as_ref().map_or_else(|| SizeHint::with_exact(0), |passing| passing.body.size_hint())
    }
}

/// What a visitor is sent.
pub(super) enum Answer {
    /// By the edge itself.
    Own(Option<Bytes>),
    /// By the app.
    App(Download),
}

impl Answer {
    pub(super) fn own(text: impl Into<Bytes>) -> Self {
        Self::Own(Some(text.into()).filter(|text| !text.is_empty()))
    }
}

/// From app to visitor. While it lives, the target counts one visitor.
pub(super) struct Download {
    body: Incoming,
    ended: bool,
    claim: Claim,
    home: Option<Home>,
}

/// Where the connection goes once its answer was read to the end.
struct Home {
    edge: Arc<Edge>,
    key: TargetKey,
    sender: Sender,
}

impl Download {
    pub(super) fn new(edge: &Arc<Edge>, body: Incoming, claim: Claim, sender: Sender) -> Self {
        let home = Home { edge: Arc::clone(edge), key: claim.target.key(), sender };
        Self { ended: body.is_end_stream(), body, claim, home: Some(home) }
    }
}

impl Drop for Download {
    fn drop(&mut self) {
        // A body that was not read to its end is still in the pipe: that connection serves nobody else.
        if let Some(Home { edge, key, sender }) = self.home.take()
            && self.ended
            && self.claim.is_routed()
        {
            edge.pool.put(key, sender);
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut *self {
            Self::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::App(download) => {
                let frame = ready!(Pin::new(&mut download.body).poll_frame(cx));
                download.ended = match &frame {
                    None => true,
                    Some(Ok(_)) => download.body.is_end_stream(),
                    Some(Err(_)) => false,
                };
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(text) => text.is_none(),
            Self::App(download) => download.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Self::App(download) => download.body.size_hint(),
        }
    }
}
