//! The hash of tables that are made once, of keys that are the program's own.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A table that no peer can fill, so that none can make its keys collide: it needs no keyed hash, which costs several
/// times as much on the short strings of paths.
pub(crate) type Table<K, V> = HashMap<K, V, BuildHasherDefault<Quick>>;

/// Multiplies eight bytes at a time.
#[derive(Debug, Default)]
pub(crate) struct Quick(u64);

impl Quick {
    fn add(&mut self, word: u64) {
        // An odd number whose bits are spread evenly: the golden ratio.
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        // What multiplying brings up comes down again, where the next word and the map look.
        self.0 = self.0.rotate_left(32);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.add(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            self.add(rest.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.add(byte.into());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, hash::BuildHasher};

    use super::*;

    /// Neither the lower bits, by which a map finds a bucket, nor the upper ones, by which it tells entries apart.
    #[test]
    fn names_that_are_alike_do_not_collide() {
        let hashes: Vec<_> = (0..4096)
            .map(|n| BuildHasherDefault::<Quick>::default().hash_one(format!("/package.v1.Service{}/Method{n}", n % 7)))
            .collect();
        let distinct = |bits: fn(u64) -> u64| hashes.iter().map(|hash| bits(*hash)).collect::<HashSet<_>>().len();
        assert_eq!(distinct(|hash| hash), 4096);
        // By chance, 4096 of 65536 places hold about 3970.
        assert!(distinct(|hash| hash & 0xffff) > 3800);
        assert!(distinct(|hash| hash >> 48) > 3800);
    }
}
