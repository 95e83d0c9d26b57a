//! Received bytes that wait for their reader. Owns nothing while it is empty.
//! Deliberately absent: limits. The receive window (credit.rs) bounds what gets here.

use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// From this size on a piece is kept as a share of the buffer it was read into; a smaller one is copied.
/// A share keeps its whole read buffer (64 KiB) alive, so sharing tiny pieces would let a peer hold 64 KiB for
/// each byte of credit; at 8 KiB it holds at most eight times its credit.
const SHARED_FROM_BYTES: usize = 8 * 1024;

/// Bytes in the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct ReceiveQueue {
    pieces: VecDeque<Bytes>,
    /// Small pieces, joined; they come after all of `pieces`.
    tail: BytesMut,
    len: usize,
}

impl ReceiveQueue {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, piece: Bytes) {
        self.len += piece.len();
        if piece.len() < SHARED_FROM_BYTES {
            self.tail.extend_from_slice(&piece);
            return;
        }
        if !self.tail.is_empty() {
            self.pieces.push_back(std::mem::take(&mut self.tail).freeze());
        }
        self.pieces.push_back(piece);
    }

    /// Moves as many bytes as fit into `out` and returns how many.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> usize {
        let mut done = 0;
        while done < out.len() {
            let Some(piece) = self.pieces.front_mut() else { break };
            let n = piece.len().min(out.len() - done);
            out[done..done + n].copy_from_slice(&piece[..n]);
            piece.advance(n);
            done += n;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
        }
        let n = self.tail.len().min(out.len() - done);
        out[done..done + n].copy_from_slice(&self.tail[..n]);
        self.tail.advance(n);
        done += n;
        self.len -= done;
        if self.len == 0 {
            self.clear();
        }
        done
    }

    /// Forgets everything and frees the memory.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_pieces_come_out_in_order_in_any_portions() {
        for portion in [1, 7, 4096, 100_000] {
            let mut queue = ReceiveQueue::default();
            let mut expected = Vec::new();
            for (i, size) in [3usize, 9000, 1, 1, 8192, 16_384, 5].into_iter().enumerate() {
                let piece = vec![i as u8; size];
                expected.extend_from_slice(&piece);
                queue.push(Bytes::from(piece));
            }
            let (mut got, mut out) = (Vec::new(), vec![0; portion]);
            while queue.len() > 0 {
                let n = queue.read(&mut out);
                got.extend_from_slice(&out[..n]);
            }
            assert_eq!(got, expected);
            assert_eq!((queue.pieces.capacity(), queue.tail.capacity()), (0, 0));
        }
    }
}
