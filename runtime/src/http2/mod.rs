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
