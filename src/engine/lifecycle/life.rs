//! The life of an instance: a pure state machine. A transition takes a life and returns the one that follows, with what is to
//! be done about the instance; doing it is the engine's.
//!
//! ```text
//!   Current ── supersede ──▶ Superseded ── register, supersede ──▶ Retiring ── dispose ──▶ Disposed
//!      │                         │ supersede, never evaluated                     ▲
//!      │                         └───────────▶ Abandoned                          │
//!      └────────────────────── supersede, has evaluated ───────────────▶ Retiring ┘
//! ```
//!
//! Its evaluation goes on in each of them: what was superseded may still link, evaluate and throw.

/// How far an instance has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluation {
    /// Its source was asked for; its static imports are being resolved. CommonJS, whose evaluation is not observed, stays here.
    Linking,
    /// It was linked ahead of an import, and evaluates when it is imported.
    Linked,
    /// Its body runs, or ran: its end was not observed.
    Evaluating,
    /// Its body ran to the end.
    Evaluated,
    /// Its body threw.
    Failed,
}

/// How far an instance has come, and whether it is on its way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// No newer version exists.
    Current(Evaluation),
    /// A newer version exists, or nothing reaches it any more. It has nothing that must be disposed of yet.
    Superseded(Evaluation),
    /// It is to be disposed of as soon as that may be.
    Retiring(Evaluation),
    /// It was disposed of.
    Disposed(Evaluation),
    /// It never came to evaluate, and nothing links to it any more.
    Abandoned(Evaluation),
}

/// What is to be done about an instance after a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Nothing,
    /// Its handlers run when its evaluation has ended, or before the next instance of its module evaluates.
    Defer,
    /// It is disposed of with the update.
    Dispose,
    /// It leaves Node's caches. It has no handlers.
    Evict,
}

/// What an instance is that is superseded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Superseded {
    /// It has begun to evaluate, as far as that is known.
    pub has_begun: bool,
    /// It has registered handlers.
    pub has_handlers: bool,
    /// The newer version is not the next one: nothing that links now leads to the instance.
    pub is_unreachable: bool,
}

impl Evaluation {
    /// Whether its body has not begun to run, as far as is known.
    pub fn is_ahead(self) -> bool {
        matches!(self, Self::Linking | Self::Linked)
    }
}

impl Life {
    /// How far it has come.
    pub fn evaluation(self) -> Evaluation {
        match self {
            Self::Current(evaluation)
            | Self::Superseded(evaluation)
            | Self::Retiring(evaluation)
            | Self::Disposed(evaluation)
            | Self::Abandoned(evaluation) => evaluation,
        }
    }

    /// Whether no newer version exists.
    pub fn is_current(self) -> bool {
        matches!(self, Self::Current(_))
    }

    /// Whether it was disposed of.
    pub fn is_disposed(self) -> bool {
        matches!(self, Self::Disposed(_))
    }

    /// Its evaluation has come that far.
    #[must_use]
    pub fn evaluates(self, evaluation: Evaluation) -> Self {
        match self {
            Self::Current(_) => Self::Current(evaluation),
            Self::Superseded(_) => Self::Superseded(evaluation),
            Self::Retiring(_) => Self::Retiring(evaluation),
            Self::Disposed(_) => Self::Disposed(evaluation),
            Self::Abandoned(_) => Self::Abandoned(evaluation),
        }
    }

    /// A newer version exists; or one newer still.
    #[must_use]
    pub fn supersede(self, instance: Superseded) -> (Self, Next) {
        let (Self::Current(evaluation) | Self::Superseded(evaluation)) = self else {
            return (self, Next::Nothing);
        };
        if instance.has_handlers && evaluation == Evaluation::Evaluating {
            (Self::Retiring(evaluation), Next::Defer)
        } else if instance.has_begun {
            (Self::Retiring(evaluation), Next::Dispose)
        } else if !self.is_current() && instance.is_unreachable {
            (Self::Abandoned(evaluation), Next::Evict)
        } else {
            (Self::Superseded(evaluation), Next::Nothing)
        }
    }

    /// It has registered a handler. What was superseded between its link and its evaluation has something to be disposed of now.
    #[must_use]
    pub fn register(self) -> (Self, Next) {
        match self {
            Self::Superseded(evaluation) => (Self::Retiring(evaluation), Next::Defer),
            _ => (self, Next::Nothing),
        }
    }

    /// Its handlers are about to run.
    #[must_use]
    pub fn dispose(self) -> Self {
        Self::Disposed(self.evaluation())
    }
}

#[cfg(test)]
mod tests {
    use super::Evaluation::{Evaluated, Evaluating, Failed, Linked, Linking};
    use super::Life::{Abandoned, Current, Disposed, Retiring, Superseded as Old};
    use super::{Evaluation, Life, Next, Superseded};

    const EVALUATIONS: [Evaluation; 5] = [Linking, Linked, Evaluating, Evaluated, Failed];
    const ENDS: [fn(Evaluation) -> Life; 3] = [Retiring, Disposed, Abandoned];

    /// Linked only; evaluated without handlers; with handlers.
    const LINKED: Superseded =
        Superseded { has_begun: false, has_handlers: false, is_unreachable: false };
    const RAN: Superseded = Superseded { has_begun: true, ..LINKED };
    const OWNER: Superseded = Superseded { has_handlers: true, ..RAN };
    const FAR: Superseded = Superseded { is_unreachable: true, ..LINKED };

    #[test]
    fn supersede() {
        let table = [
            (Current(Linking), LINKED, Old(Linking), Next::Nothing),
            (Current(Linking), FAR, Old(Linking), Next::Nothing),
            // An import of it may be about to evaluate it.
            (Current(Linked), LINKED, Old(Linked), Next::Nothing),
            (Old(Linked), FAR, Abandoned(Linked), Next::Evict),
            // CommonJS: that it has begun is known, not how far it has come.
            (Current(Linking), RAN, Retiring(Linking), Next::Dispose),
            (Current(Evaluating), RAN, Retiring(Evaluating), Next::Dispose),
            (Current(Evaluating), OWNER, Retiring(Evaluating), Next::Defer),
            (Current(Evaluated), RAN, Retiring(Evaluated), Next::Dispose),
            (Current(Evaluated), OWNER, Retiring(Evaluated), Next::Dispose),
            (Current(Failed), RAN, Retiring(Failed), Next::Dispose),
            (Current(Failed), OWNER, Retiring(Failed), Next::Dispose),
            (Old(Linking), LINKED, Old(Linking), Next::Nothing),
            (Old(Linking), FAR, Abandoned(Linking), Next::Evict),
            (Old(Linking), RAN, Retiring(Linking), Next::Dispose),
            (Old(Evaluating), RAN, Retiring(Evaluating), Next::Dispose),
            (Old(Evaluating), OWNER, Retiring(Evaluating), Next::Defer),
            (Old(Evaluated), RAN, Retiring(Evaluated), Next::Dispose),
            (Old(Failed), RAN, Retiring(Failed), Next::Dispose),
        ];
        for (life, instance, then, next) in table {
            assert_eq!(life.supersede(instance), (then, next), "{life:?} {instance:?}");
        }
    }

    #[test]
    fn what_is_on_its_way_out_is_superseded_once() {
        for evaluation in EVALUATIONS {
            for life in ENDS.map(|end| end(evaluation)) {
                for instance in [LINKED, RAN, OWNER, FAR] {
                    assert_eq!(life.supersede(instance), (life, Next::Nothing), "{life:?}");
                }
            }
        }
    }

    #[test]
    fn register() {
        for evaluation in EVALUATIONS {
            assert_eq!(Old(evaluation).register(), (Retiring(evaluation), Next::Defer));
            let others = ENDS.map(|end| end(evaluation)).into_iter();
            for life in others.chain([Current(evaluation)]) {
                assert_eq!(life.register(), (life, Next::Nothing), "{life:?}");
            }
        }
    }

    #[test]
    fn evaluation_goes_on_whatever_has_become_of_it() {
        for from in EVALUATIONS {
            for to in EVALUATIONS {
                assert_eq!(Current(from).evaluates(to), Current(to));
                assert_eq!(Old(from).evaluates(to), Old(to));
                for end in ENDS {
                    assert_eq!(end(from).evaluates(to), end(to));
                }
            }
        }
    }

    #[test]
    fn dispose() {
        for evaluation in EVALUATIONS {
            for life in ENDS.map(|end| end(evaluation)).into_iter().chain([Current(evaluation)]) {
                assert_eq!(life.dispose(), Disposed(evaluation));
                assert!(life.dispose().is_disposed() && !life.dispose().is_current());
            }
        }
    }
}
