//! The control socket of a runner, which answers for its app: see [`super::control`].

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

use super::host::{Error, INTERNAL};

/// What somebody asks a runner.
#[napi(object)]
pub struct ControlRequest {
    /// Its number, for `answer`.
    pub request: f64,
    /// The request, as JSON; `null`: who has asked has gone, or has got the whole response.
    pub text: Option<String>,
}

/// The control socket of a runner. It keeps no process alive.
#[napi]
pub struct Control {
    #[cfg(unix)]
    proxy: Option<super::control::Proxy>,
}

#[napi]
impl Control {
    /// A line of the response to a request; `null`: none. `last`: there is no other.
    #[napi]
    pub fn answer(&self, request: f64, line: Option<String>, last: bool) {
        #[cfg(unix)]
        if let Some(proxy) = &self.proxy {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it is a number that `ControlRequest` has given"
            )]
            let request = request as u64;
            proxy.answer(super::control::Answer { request, line, is_last: last });
        }
        #[cfg(not(unix))]
        let _ = (request, line, last);
    }

    /// Nobody can ask any more. A second call does nothing.
    #[napi]
    pub fn close(&mut self) {
        #[cfg(unix)]
        {
            self.proxy = None;
        }
    }
}

/// Opens the control socket of a runner, for the app with this entry file, which belongs to the package in the folder `root`.
/// `heard` is called from the event loop. `null` where there can be none.
#[napi(catch_unwind)]
pub fn open_control(
    root: String,
    entry: String,
    heard: Function<ControlRequest, ()>,
) -> Result<Option<Control>, Error> {
    #[cfg(unix)]
    {
        let heard = heard
            .build_threadsafe_function()
            .weak::<true>()
            .build()
            .map_err(|error| Error::new(INTERNAL, error.reason.clone()))?;
        let tell = move |request: u64, text: Option<String>| {
            #[expect(clippy::cast_precision_loss, reason = "nobody asks so often")]
            let request = ControlRequest { request: request as f64, text };
            heard.call(request, ThreadsafeFunctionCallMode::NonBlocking);
        };
        let app = crate::socket::App { root, entry, runner: None, runs: true };
        let proxy = super::control::Proxy::start(&app, tell);
        Ok(proxy.map(|proxy| Control { proxy: Some(proxy) }))
    }
    #[cfg(not(unix))]
    {
        let _ = (root, entry, heard, INTERNAL, ThreadsafeFunctionCallMode::NonBlocking);
        Ok(None)
    }
}
