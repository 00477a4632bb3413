//! Room for small messages. Those that a thread writes share a block: to allocate for each would cost more than to
//! write it. A block lives for as long as one of its messages does.

use std::cell::Cell;

use bytes::BytesMut;

use super::Output;

/// The bytes of a block.
const BLOCK: usize = 4 * 1024;

thread_local! {
    /// What is left of the last block.
    static LEFT: Cell<Option<BytesMut>> = const { Cell::new(None) };
}

/// What is written, in a buffer that may be followed by the next one's.
pub(super) fn write<E>(write: impl FnOnce(&mut Output) -> Result<(), E>) -> Result<BytesMut, E> {
    let left = LEFT.try_with(Cell::take).ok().flatten();
    let mut room = Output::from(left.unwrap_or_else(|| BytesMut::with_capacity(BLOCK)));
    let result = write(&mut room);
    let mut room = room.into_buffer();
    let written = room.split();
    // What turned out to be large has taken more than a block, which is not to be kept.
    if written.len() <= BLOCK {
        let _ = LEFT.try_with(|left| left.set(Some(room)));
    }
    result.map(|()| written)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(len: usize) -> BytesMut {
        let written = write(|room| {
            room.buffer().resize(len, b'x');
            Ok::<_, ()>(())
        });
        written.unwrap()
    }

    #[test]
    fn small_messages_share_a_block_and_are_apart() {
        let (mut first, second) = (written(10), written(20));
        assert_eq!(second.as_ptr() as usize, first.as_ptr() as usize + 10);
        // Nobody writes on into what is the next one's.
        first.extend_from_slice(b"more");
        assert_eq!((&first[..], &second[..]), (&b"xxxxxxxxxxmore"[..], &[b'x'; 20][..]));
    }

    #[test]
    fn a_block_that_is_used_up_or_was_too_small_is_followed_by_another() {
        let messages: Vec<_> = (0..100).map(|i| written(100 + i)).collect();
        assert!(messages.iter().enumerate().all(|(i, message)| **message == vec![b'x'; 100 + i]));
        assert_eq!(written(3 * BLOCK).len(), 3 * BLOCK);
        assert!(LEFT.take().is_none(), "what is large is kept");
    }

    #[test]
    fn what_fails_leaves_the_room_to_the_next() {
        let first = written(1);
        write(|_| Err("no")).unwrap_err();
        assert_eq!(written(1).as_ptr() as usize, first.as_ptr() as usize + 1);
    }
}
