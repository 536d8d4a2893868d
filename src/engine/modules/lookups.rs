//! What threads look up, and wait for: resolving is not importing, and leaves no edge.

use crate::graph::ThreadId;

use super::Modules;

/// What a thread looks up, and waits for.
pub struct Lookup {
    thread: ThreadId,
    parent: String,
    specifier: String,
    /// How many requests that fit have begun.
    begun: u32,
}

impl Modules {
    /// Until [`Modules::end_lookup`] the thread waits for what `specifier` means to `parent`.
    pub fn begin_lookup(&mut self, thread: ThreadId, parent: &str, specifier: &str) {
        let (parent, specifier) = (parent.to_owned(), specifier.to_owned());
        self.lookups.push(Lookup { thread, parent, specifier, begun: 0 });
    }

    /// See [`Modules::begin_lookup`].
    pub fn end_lookup(&mut self, thread: ThreadId) {
        self.lookups.retain(|lookup| lookup.thread != thread);
    }

    /// A request to resolve something has begun. Returns its number among those that may be what the thread looks up;
    /// `None` if it is an import. Only the last of them is a lookup, because the thread waits for that: those before were under way.
    pub fn lookup_request(
        &mut self,
        thread: ThreadId,
        parent: &str,
        specifier: &str,
    ) -> Option<u32> {
        let fits = |lookup: &&mut Lookup| {
            lookup.thread == thread && lookup.parent == parent && lookup.specifier == specifier
        };
        let lookup = self.lookups.iter_mut().find(fits)?;
        lookup.begun += 1;
        Some(lookup.begun)
    }
}
