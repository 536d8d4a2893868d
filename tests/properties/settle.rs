//! Settling: no path is ever forgotten, and none is looked at for nothing.

use std::time::{Duration, Instant};

use hot_hook::watch::settle::FileEvent::{self, Modified, Removed, Written};
use hot_hook::watch::settle::{QUIET, Settle};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

#[derive(Debug, Clone)]
enum Step {
    Event(&'static str, FileEvent),
    /// So many milliseconds go by.
    Pass(u64),
    /// Somebody asks what is due.
    Ask,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (select(vec!["/a", "/b", "/c"]), select(vec![Modified, Removed, Written]))
            .prop_map(|(path, event)| Step::Event(path, event)),
        2 => (0..70_u64).prop_map(Step::Pass),
        2 => Just(Step::Ask),
    ]
}

/// What has happened to each path since it was last looked at, and when.
type Open = Vec<(&'static str, Instant)>;

fn ask(settle: &mut Settle, now: Instant, open: &mut Open) -> Result<(), TestCaseError> {
    let due = settle.due(now);
    let times = due.iter().map(|path| open.iter().find(|(open, _)| **open == **path));
    let times: Vec<_> = times.map(|known| known.map(|(_, at)| *at)).collect();
    prop_assert!(times.iter().all(Option::is_some), "looked at for nothing: {due:?}");
    prop_assert!(times.is_sorted(), "in order");
    prop_assert!(times.iter().flatten().all(|at| now >= *at + QUIET), "too soon");
    open.retain(|(path, _)| !due.iter().any(|due| **due == **path));
    prop_assert!(open.iter().all(|(_, at)| now < *at + QUIET), "too late: {open:?}");
    Ok(())
}

proptest! {
    #[test]
    fn each_event_is_followed_by_one_look(steps in vec(step(), 1..60)) {
        let (mut settle, mut now, mut open) = (Settle::default(), Instant::now(), Open::new());
        for step in steps {
            match step {
                Step::Event(path, event) => {
                    open.retain(|(open, _)| *open != path);
                    let at_once = settle.push(path, event, now);
                    prop_assert_eq!(at_once, event == Written);
                    if !at_once {
                        open.push((path, now));
                    }
                }
                Step::Pass(ms) => now += Duration::from_millis(ms),
                Step::Ask => ask(&mut settle, now, &mut open)?,
            }
            prop_assert_eq!(settle.is_empty(), open.is_empty());
            prop_assert_eq!(settle.deadline(), open.iter().map(|(_, at)| *at + QUIET).min());
            prop_assert!(open.iter().all(|(path, _)| settle.is_waiting(path)));
        }
        while let Some(deadline) = settle.deadline() {
            now = now.max(deadline);
            ask(&mut settle, now, &mut open)?;
        }
        prop_assert!(open.is_empty(), "forgotten: {open:?}");
    }
}
