//! A file of keys that changes while the server runs.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use crate::deadline::LONGEST;

/// Looks at a file from time to time, when somebody asks: there is nothing to start and nothing to stop.
#[derive(Debug)]
pub(super) struct KeyFile {
    path: PathBuf,
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    next: Instant,
    seen: Option<Stamp>,
}

/// What tells one content from another: when it was written, and its length.
type Stamp = (SystemTime, u64);

impl KeyFile {
    /// The content is what the file had just now.
    pub(super) fn new(path: PathBuf, interval: Duration) -> Self {
        let (seen, interval) = (stamp(&path), interval.min(LONGEST));
        Self { path, interval, state: Mutex::new(State { next: Instant::now() + interval, seen }) }
    }

    /// The same, looked at as often.
    pub(super) fn every(mut self, interval: Duration) -> Self {
        let interval = interval.min(LONGEST);
        self.state.get_mut().unwrap_or_else(PoisonError::into_inner).next = Instant::now() + interval;
        self.interval = interval;
        self
    }

    /// Gives the new content, where the file has changed since the last time that it was looked at, and the interval has
    /// passed. A file that is gone, as it may be while it is replaced, has not changed.
    pub(super) fn changed(&self) -> Option<std::io::Result<Vec<u8>>> {
        // Somebody else looks already.
        let mut state = self.state.try_lock().ok()?;
        let now = Instant::now();
        if now < state.next {
            return None;
        }
        state.next = now + self.interval;
        let stamp = stamp(&self.path)?;
        if state.seen.replace(stamp) == Some(stamp) {
            return None;
        }
        let content = std::fs::read(&self.path);
        if content.is_err() {
            // It may be readable next time without having been written.
            state.seen = None;
        }
        Some(content)
    }

    pub(super) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
