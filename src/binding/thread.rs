//! A thread of Node's, as the engine knows it: what it is made from, and its hooks.

use napi::Env;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use crate::config::Origin;
use crate::engine::Engine;
use crate::graph::ThreadId;

use super::control;
use super::host::{self, Error, with};

/// A thread that runs user code. A hooks thread makes one for the thread that it works for; any number of them may stand for
/// one thread.
#[napi]
pub struct Thread {
    pub(super) id: ThreadId,
}

#[napi]
impl Thread {
    /// `id` is Node's `threadId`: 0 for the main thread.
    #[napi(constructor)]
    pub fn new(id: u32) -> Self {
        Self { id: ThreadId(id) }
    }

    /// Takes options in: the JSON of an object as `hot.init` takes it, in which what JSON cannot express stands as
    /// `{"$type": "a function"}`. Returns warnings, a line each. Options of a later call take the place of earlier ones.
    ///
    /// `name` is what errors call the options, `base` the folder that relative paths are meant from, `envWatch` the value
    /// of `HOT_HOOK_WATCH`, if it is set. Throws with the code `HOT_HOOK_OPTIONS` if an option cannot be used; nothing is changed then.
    #[napi]
    pub fn configure(
        &self,
        options: String,
        name: String,
        base: String,
        env_watch: Option<String>,
    ) -> Result<Vec<String>, Error> {
        let options = serde_json::from_str(&options)
            .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))?;
        let origin = Origin { name: &name, base: &base, env_watch: env_watch.as_deref() };
        let warnings = with(|engine| engine.configure(self.id, &options, &origin))?
            .map_err(|error| Error::new("HOT_HOOK_OPTIONS", error.to_string()))?;
        host::start_draining()?;
        Ok(warnings)
    }

    /// The thread, which must be the one that calls, takes part until it ends. `wake` is called in it, from its event loop,
    /// when `take` has something; it keeps nothing alive. `hooked`: its `require`s pass our hooks; otherwise it must `report`
    /// them. To be called once.
    #[napi]
    pub fn attach(&self, env: Env, hooked: bool, wake: Function<(), ()>) -> Result<(), Error> {
        let internal = |error: napi::Error| Error::new(host::INTERNAL, error.reason.clone());
        let wake = wake.build_threadsafe_function().weak::<true>().build().map_err(internal)?;
        let wake = move || {
            wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        };
        host::set_attached(self.id);
        with(|engine| engine.attach(self.id, hooked, Box::new(wake)))?;
        env.add_env_cleanup_hook(self.id, |thread| {
            // The process ends with its main thread: of all that it has only the watches take time to end.
            let _ = match thread {
                ThreadId(0) => {
                    control::close();
                    with(Engine::stop_watching)
                }
                _ => with(|engine| engine.detach(thread)),
            };
        })
        .map(drop)
        .map_err(internal)
    }

    /// Another set of hooks for the thread; of several, the outermost works. Returns its number, from 1.
    #[napi]
    pub fn add_layer(&self) -> Result<u32, Error> {
        with(|engine| engine.add_layer(self.id))
    }

    /// The first set of hooks for the thread. Returns its number; `null` if there is one already.
    #[napi]
    pub fn add_first_layer(&self) -> Result<Option<u32>, Error> {
        with(|engine| engine.add_first_layer(self.id))
    }

    /// Whether the set of hooks with the number `layer` is the one that works: the last that was added.
    #[napi]
    pub fn is_outermost(&self, layer: u32) -> Result<bool, Error> {
        with(|engine| engine.is_outermost(self.id, layer))
    }
}
