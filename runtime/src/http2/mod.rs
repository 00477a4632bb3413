//! What server and client share of HTTP/2: bodies over h2's streams, and what its errors mean.

mod body;
mod error;
mod guard;
mod keepalive;
mod pump;
mod slots;

pub(crate) use body::{Failure, Held, RecvBody};
pub(crate) use error::{ANSWER_HEADERS, in_words, unavailable};
pub(crate) use guard::{Guard, Laws, Opened, Police, Pressing, Vitals, Watched};
pub(crate) use keepalive::{Keepalive, Pulse};
pub(crate) use pump::{Pump, SEND_BUFFER};
pub(crate) use slots::{Load, Slot, Slots, Waiting};

/// The largest frame that either side takes, in bytes: one for a message of 64 KiB. What such a frame brings is one slice,
/// where smaller ones would have to be put together, and it is read and written by a system call or two.
const FRAME: u32 = 80 * 1024;

/// The largest frame for who takes heads of as many bytes. h2 counts the frames of a block of headers, and takes them for as
/// large as this; peers mostly send smaller ones, which for larger heads would be too many.
pub(crate) fn frame_size(header_bytes: u32) -> u32 {
    if header_bytes > 6 * 16 * 1024 { 16 * 1024 } else { FRAME }
}
