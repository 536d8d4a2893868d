//! Source maps that came within the texts of modules, and that Node does not look at: those of the modules that were loaded last.

use std::collections::VecDeque;
use std::sync::Arc;

/// How many bytes of maps are kept, in all.
const MOST_BYTES: usize = 4 << 20;

/// The maps, by URL, the last one first.
#[derive(Debug, Default)]
pub struct Maps {
    kept: VecDeque<(String, Arc<str>)>,
    bytes: usize,
}

impl Maps {
    /// Keeps the map of a module; it takes the place of an earlier one. What is too large takes that of none.
    pub fn keep(&mut self, url: &str, map: &str) {
        self.remove(url);
        if map.len() > MOST_BYTES {
            return;
        }
        self.bytes += map.len();
        self.kept.push_front((url.to_owned(), map.into()));
        while self.bytes > MOST_BYTES
            && let Some((_, oldest)) = self.kept.pop_back()
        {
            self.bytes -= oldest.len();
        }
    }

    /// The map of a module.
    pub fn get(&self, url: &str) -> Option<Arc<str>> {
        self.kept.iter().find(|(of, _)| of == url).map(|(_, map)| map.clone())
    }

    fn remove(&mut self, url: &str) {
        if let Some((_, old)) =
            self.kept.iter().position(|(of, _)| of == url).and_then(|at| self.kept.remove(at))
        {
            self.bytes -= old.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ones_are_kept() {
        let mut maps = Maps::default();
        let third = "x".repeat(MOST_BYTES / 3);
        for url in ["a", "b", "a", "c", "d"] {
            maps.keep(url, &third);
        }
        let kept = ["a", "b", "c", "d"].map(|url| maps.get(url).is_some());
        assert_eq!(kept, [true, false, true, true]);
        maps.keep("c", &"x".repeat(MOST_BYTES + 1));
        assert!(maps.get("c").is_none());
        maps.keep("d", "new");
        assert_eq!(maps.get("d").as_deref(), Some("new"));
        assert_eq!(maps.bytes, third.len() + 3);
    }
}
