//! The path of a request, parted into its segments.

use super::percent::marks;

/// How many slashes of a path are kept without an allocation.
const NEAR: usize = 8;

/// Where the segments of a path begin and end, as one pass over it tells: the router and the variables ask for them by
/// number.
#[derive(Debug)]
pub(super) struct Segments {
    /// The slashes, of which one stands before each segment, and behind them where the last one ends.
    near: [u16; NEAR],
    far: Vec<u16>,
    slashes: usize,
    /// Whether anything is percent-encoded, so that a segment may have several spellings. In most paths nothing is.
    pub(super) escaped: bool,
}

impl Segments {
    /// None if the path begins with no slash, or is longer than any of a [`Uri`](http::Uri).
    pub(super) fn of(path: &str) -> Option<Self> {
        let end = u16::try_from(path.len()).ok().filter(|_| path.starts_with('/'))?;
        let mut segments = Self { near: [0; NEAR], far: Vec::new(), slashes: 0, escaped: false };
        let (words, rest) = path.as_bytes().as_chunks();
        let mut at = 0;
        let mut escapes = 0;
        for word in words {
            let mut slashes = marks(*word, b'/');
            while slashes != 0 {
                segments.push(at + slashes.trailing_zeros() as u16 / 8);
                slashes &= slashes - 1;
            }
            escapes |= marks(*word, b'%');
            at += 8;
        }
        segments.escaped = escapes != 0;
        for byte in rest {
            match byte {
                b'/' => segments.push(at),
                b'%' => segments.escaped = true,
                _ => {}
            }
            at += 1;
        }
        segments.push(end);
        Some(segments)
    }

    fn push(&mut self, slash: u16) {
        match self.near.get_mut(self.slashes) {
            Some(place) => *place = slash,
            None => self.far.push(slash),
        }
        self.slashes += 1;
    }

    /// How many segments there are: one at least, which may be empty.
    pub(super) fn count(&self) -> usize {
        self.slashes - 1
    }

    /// Lets the last segment end at this place of the path.
    pub(super) fn end_at(&mut self, place: usize) {
        self.slashes -= 1;
        self.far.truncate(self.slashes.saturating_sub(NEAR));
        self.push(place as u16);
    }

    /// Where the slash before a segment stands.
    pub(super) fn slash(&self, index: usize) -> usize {
        debug_assert!(index < self.slashes, "there is no segment {index}");
        self.near.get(index).or_else(|| self.far.get(index - NEAR)).map_or(0, |slash| usize::from(*slash))
    }

    /// Those from one to another, without that. Empty if there are none: then the slash before the one is not before that of
    /// the other.
    pub(super) fn between<'p>(&self, path: &'p str, from: usize, to: usize) -> &'p str {
        path.get(self.slash(from) + 1..self.slash(to)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_those_between_slashes() {
        let long = format!("/{}/end", (0..100).map(|n| n.to_string()).collect::<Vec<_>>().join("/"));
        let texts = ["/", "//", "/a", "/a/", "/v1/hello/name", "/1234567/12345678/é/%2F", "///////////////////", &long];
        for path in texts {
            let segments = Segments::of(path).expect("a path");
            let expected: Vec<_> = path[1..].split('/').collect();
            let count = segments.count();
            let found: Vec<_> = (0..count).map(|index| segments.between(path, index, index + 1)).collect();
            assert_eq!(found, expected, "{path}");
            for from in 0..count {
                for to in from + 1..=count {
                    assert_eq!(segments.between(path, from, to), expected[from..to].join("/"), "{path} {from} {to}");
                }
                assert_eq!(segments.between(path, from, from), "", "{path} {from}");
            }
            assert_eq!(segments.escaped, path.contains('%'), "{path}");
        }
    }

    #[test]
    fn an_escape_is_seen_wherever_it_stands() {
        for at in 1..40 {
            let path = format!("/{:b<at$}%41{:b<at$}", "", "");
            assert!(Segments::of(&path).expect("a path").escaped, "{path}");
        }
    }

    #[test]
    fn the_end_can_be_brought_forward() {
        for count in 1..40 {
            let path = format!("{}:verb", "/part".repeat(count));
            let mut segments = Segments::of(&path).expect("a path");
            segments.end_at(path.len() - ":verb".len());
            assert_eq!((segments.count(), segments.between(&path, count - 1, count)), (count, "part"));
            segments.end_at(path.len());
            assert_eq!((segments.count(), segments.between(&path, count - 1, count)), (count, "part:verb"));
        }
    }

    #[test]
    fn what_is_no_path() {
        assert!(Segments::of("").is_none());
        assert!(Segments::of("*").is_none());
        assert!(Segments::of("a/b").is_none());
        assert!(Segments::of(&"/".repeat(65_535)).is_some_and(|segments| segments.count() == 65_535));
        assert!(Segments::of(&"/".repeat(65_536)).is_none());
    }
}
