//! When a call must be answered, and how gRPC writes it.

use std::{
    fmt,
    pin::{Pin, pin},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use http::{HeaderName, HeaderValue};
use tokio::time::Sleep;
use tonic::{Code, Status};

/// The header that carries the time a caller allows (gRPC over HTTP/2).
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// A year. Longer times are as good as for ever, which `Duration::MAX` says, and an instant that far away must not overflow.
pub(crate) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Whether there is time to be told: std knows of none in a browser.
pub(crate) const HAS_CLOCK: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

pub(crate) fn exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

/// Of a call that no server has looked at.
pub(crate) fn exceeded_waiting_for(what: impl fmt::Display) -> Status {
    exceeded_waiting(format_args!("for {what}"))
}

/// Of a call that a server may have looked at before.
pub(crate) fn exceeded_waiting_again(last: &Status) -> Status {
    exceeded_waiting(format_args!("to be sent again; the last attempt: {}", last.message()))
}

fn exceeded_waiting(what: fmt::Arguments<'_>) -> Status {
    Status::deadline_exceeded(format!("the deadline of the call has passed while it waited {what}"))
}

/// Now, by the clock that timers go by: a test may pause it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The instant a timeout from now.
pub(crate) fn after(timeout: Duration) -> Instant {
    now() + timeout.min(LONGEST)
}

pub(crate) fn timer(deadline: Instant) -> Pin<Box<Sleep>> {
    Box::pin(tokio::time::sleep_until(deadline.into()))
}

/// Ready once the timer has fired. tokio's timers stay silent in a task that has used its budget up, which is just what a
/// handler does that never has to wait.
pub(crate) fn poll_timer(timer: &mut Pin<Box<Sleep>>, cx: &mut Context<'_>) -> Poll<()> {
    pin!(tokio::task::coop::unconstrained(timer.as_mut())).poll(cx)
}

/// What a broken call came to: past its deadline, a peer that keeps the deadline, too, resets the stream, and that can
/// come before a timer that is good to a millisecond.
pub(crate) fn broken(status: Status, timer: Option<&Pin<Box<Sleep>>>) -> Status {
    match timer {
        Some(timer) if timer.deadline().into_std() <= now() && status.code() != Code::DeadlineExceeded => exceeded(),
        _ => status,
    }
}

/// Reads a `grpc-timeout`: at most eight digits and a unit.
pub(crate) fn parse(value: &HeaderValue) -> Result<Duration, Status> {
    let bad = || {
        Status::invalid_argument(format!(
            "grpc-timeout {value:?} is not one to eight digits and a unit of H, M, S, m, u or n"
        ))
    };
    let (unit, digits) = value.as_bytes().split_last().ok_or_else(bad)?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(bad());
    }
    let amount = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Ok(match unit {
        b'H' => Duration::from_secs(amount * 3600),
        b'M' => Duration::from_secs(amount * 60),
        b'S' => Duration::from_secs(amount),
        b'm' => Duration::from_millis(amount),
        b'u' => Duration::from_micros(amount),
        b'n' => Duration::from_nanos(amount),
        _ => return Err(bad()),
    })
}

/// Writes a `grpc-timeout` in the finest unit that fits eight digits, rounded up so that it is never zero early.
pub(crate) fn format(timeout: Duration) -> HeaderValue {
    const UNITS: [(u128, char); 6] = [
        (1, 'n'),
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    let nanos = timeout.as_nanos();
    let (amount, unit) = UNITS
        .iter()
        .map(|&(size, unit)| (nanos.div_ceil(size), unit))
        .find(|&(amount, _)| amount <= 99_999_999)
        .unwrap_or((99_999_999, 'H'));
    HeaderValue::try_from(format!("{amount}{unit}")).unwrap_or(HeaderValue::from_static("99999999H"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_round_trip_within_their_unit() {
        for nanos in [0, 1, 99_999_999, 100_000_000, 1_500_000_000, 86_400_000_000_000, u64::MAX] {
            let timeout = Duration::from_nanos(nanos);
            let read = parse(&format(timeout)).unwrap();
            assert!(
                read >= timeout && read.as_nanos() <= timeout.as_nanos() * 101 / 100,
                "{timeout:?} became {read:?}"
            );
        }
    }

    #[test]
    fn malformed_timeouts_are_refused() {
        for text in ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", " 1S", "1 S", "0x1S"] {
            assert!(parse(&HeaderValue::from_str(text).unwrap()).is_err(), "{text:?}");
        }
    }
}
