//! Walls: a panic ends what it belongs to, and nothing else.
//!
//! Owns how a panic is caught, counted and told. Its trace is in the log: [`log_panics`] sees to that. Must not know what
//! follows for the study that it belongs to.

use std::any::Any;
use std::backtrace::Backtrace;
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
use std::sync::Once;

use futures::FutureExt as _;
use metrics::counter;

/// Where a panic was caught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Proposing,
    Pruning,
    Advancing,
    Insight,
    Upkeep,
    Request,
}

impl Place {
    /// The label of the metric.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Proposing => "proposing",
            Self::Pruning => "pruning",
            Self::Advancing => "advancing",
            Self::Insight => "insight",
            Self::Upkeep => "upkeep",
            Self::Request => "request",
        }
    }
}

/// A panic that was caught.
#[derive(Debug, thiserror::Error)]
#[error("a fault of Pedigree in {}: {message}; the coordinator's log has its trace", .place.as_str())]
pub(crate) struct Panicked {
    place: Place,
    message: String,
}

impl Panicked {
    /// Counts a panic that was caught.
    pub(crate) fn caught(place: Place, payload: &(dyn Any + Send)) -> Self {
        counter!("pedigree_panics_total", "place" => place.as_str()).increment(1);
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        Self { place, message: text.unwrap_or("a panic without a message").to_owned() }
    }
}

/// What `work` answers, or its panic. `of` names the study, for planted panics.
pub(crate) fn guard<T>(place: Place, of: impl Display, work: impl FnOnce() -> T) -> Result<T, Panicked> {
    let guarded = || {
        plant::panic_if_planted(place, &of);
        work()
    };
    catch_unwind(AssertUnwindSafe(guarded)).map_err(|payload| Panicked::caught(place, &*payload))
}

/// What `work` answers, or its panic.
pub(crate) async fn guard_async<T>(place: Place, work: impl Future<Output = T>) -> Result<T, Panicked> {
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    caught.map_err(|payload| Panicked::caught(place, &*payload))
}

/// Has every panic of this process written to the log, with its trace.
pub(crate) fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        set_hook(Box::new(|panic| {
            let place = panic.location().map(ToString::to_string);
            let message = panic.payload_as_str().unwrap_or("a panic without a message");
            tracing::error!(place, trace = %Backtrace::force_capture(), "panic: {message}");
        }));
    });
}

/// Panics that tests plant, in builds for tests and development only.
pub(crate) mod plant {
    use std::fmt::Display;

    use super::Place;

    /// Panics where a test, or `PEDIGREE_PLANTED_PANICS` (`PLACE:STUDY`, separated by commas), says so.
    #[cfg(debug_assertions)]
    pub(super) fn panic_if_planted(place: Place, of: &impl Display) {
        let here = format!("{}:{of}", place.as_str());
        let planted = planted().contains(&here);
        assert!(!planted, "planted in {here}");
    }

    #[cfg(not(debug_assertions))]
    pub(super) fn panic_if_planted(_: Place, _: &impl Display) {}

    /// Plants a panic.
    #[cfg(test)]
    pub(crate) fn plant(place: Place, of: impl Display) {
        planted().push(format!("{}:{of}", place.as_str()));
    }

    #[cfg(debug_assertions)]
    fn planted() -> std::sync::MutexGuard<'static, Vec<String>> {
        use std::sync::{LazyLock, Mutex, PoisonError};

        static PLANTED: LazyLock<Mutex<Vec<String>>> = LazyLock::new(|| {
            let said = std::env::var("PEDIGREE_PLANTED_PANICS").unwrap_or_default();
            Mutex::new(said.split(',').filter(|planted| !planted.is_empty()).map(str::to_owned).collect())
        });
        PLANTED.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_a_sentence_whatever_it_was_made_of() {
        let of = "study";
        let said = guard(Place::Pruning, of, || -> u8 { panic!("index {}", 7) }).unwrap_err().to_string();
        assert_eq!(said, "a fault of Pedigree in pruning: index 7; the coordinator's log has its trace");
        let plain = async { assert!(of.is_empty(), "plain") };
        let said = guard_async(Place::Upkeep, plain).await.unwrap_err().to_string();
        assert!(said.contains("in upkeep: plain"), "{said}");
        let odd = guard(Place::Upkeep, of, || std::panic::panic_any(7_u8)).unwrap_err().to_string();
        assert!(odd.contains("a panic without a message"), "{odd}");
        assert_eq!(guard(Place::Proposing, of, || 1).unwrap(), 1);
        plant::plant(Place::Proposing, "frail");
        let planted = guard(Place::Proposing, "frail", || 1).unwrap_err().to_string();
        assert!(planted.contains("planted in proposing:frail"), "{planted}");
    }
}
