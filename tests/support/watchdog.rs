//! Work that must end, and with little stack: a walk that recurses or is quadratic does not.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Generous: an unoptimised build on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
const STACK: usize = 256 * 1024;

/// Runs `work` in a thread with a small stack.
pub fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = channel();
    let run = move || {
        let _ = sender.send(work());
    };
    let worker = thread::Builder::new().stack_size(STACK).spawn(run).expect("a thread");
    match receiver.recv_timeout(LIMIT) {
        Ok(result) => {
            worker.join().expect("the worker has ended well");
            result
        }
        Err(RecvTimeoutError::Timeout) => panic!("not done after {LIMIT:?}"),
        Err(RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(worker.join().expect_err("the worker has panicked"))
        }
    }
}
