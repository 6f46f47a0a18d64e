//! How long a grid takes and what it consumes, by a stated speed. What nobody stated is a guess, and says so.

use std::io::{self, Write};

use pedigree_protocol::grid::{GridCounts, GridSpec};
use serde::Serialize;

use crate::output::{duration, write_facts};

/// Middle of the 3-6 minutes that arXiv:2508.01630v1 §3.3 gives for a training on an A100.
const SECONDS_OF_A_TRIAL: f64 = 270.0;
/// arXiv:2508.01630v1 §3.2: about 4 hours on an A100.
const SECONDS_OF_A_PRETRAINING: f64 = 4.0 * 3_600.0;
/// Design power of an A100.
const WATTS: f64 = 400.0;
/// g CO2e per kWh: EU 2023, Ember.
const GRAMS_PER_KWH: f64 = 242.0;

/// What the user knows of the machines.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct Speed {
    /// Mean time of one training; measured on a first study, or guessed
    #[arg(long, value_name = "S")]
    seconds_per_trial: Option<f64>,
    /// Time of one pretraining
    #[arg(long, value_name = "S")]
    seconds_per_pretraining: Option<f64>,
    /// GPUs that work on the grid
    #[arg(long, value_name = "N")]
    gpus: Option<u32>,
    /// Mean power of a GPU at work
    #[arg(long, value_name = "W")]
    watts: Option<f64>,
}

/// A number and where it comes from.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Assumed {
    value: f64,
    guess: bool,
    from: &'static str,
}

impl Assumed {
    fn of(stated: Option<f64>, guess: f64, from: &'static str) -> Self {
        match stated {
            Some(value) => Self { value, guess: false, from: "stated by flag or file" },
            None => Self { value: guess, guess: true, from },
        }
    }

    fn text(self, unit: &str) -> String {
        let mark = if self.guess { format!("  (guess: {})", self.from) } else { String::new() };
        format!("{} {unit}{mark}", self.value)
    }
}

/// What a grid takes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Estimate {
    seconds_per_trial: Assumed,
    seconds_per_pretraining: Assumed,
    gpus: Assumed,
    watts: Assumed,
    grams_co2e_per_kwh: f64,
    gpu_hours: f64,
    kwh: f64,
    kg_co2e: f64,
    /// Wall time: the work over the GPUs, or the longest chain of runs that wait for each other.
    seconds: f64,
    /// Whether any part of it is a guess.
    guess: bool,
}

impl Estimate {
    pub(super) fn of(grid: &GridSpec, speed: Speed) -> Self {
        let trial = Assumed::of(
            speed.seconds_per_trial,
            SECONDS_OF_A_TRIAL,
            "the middle of 3-6 min on an A100, arXiv:2508.01630v1",
        );
        let pretraining = Assumed::of(
            speed.seconds_per_pretraining,
            SECONDS_OF_A_PRETRAINING,
            "4 h on an A100, arXiv:2508.01630v1",
        );
        let gpus = speed.gpus.or(grid.max_concurrent).map(f64::from);
        let gpus = Assumed::of(gpus, 1.0, "one GPU; give --gpus");
        let watts = Assumed::of(speed.watts, WATTS, "the design power of an A100");
        let counts = grid.counts();
        let work = work(counts, trial.value, pretraining.value);
        let hours = work / 3_600.0;
        let kwh = hours * watts.value / 1_000.0;
        let chain = longest_chain(grid, trial.value, pretraining.value);
        let used = [trial, gpus, watts];
        let guess = used.iter().any(|a| a.guess) || counts.pretrainings > 0 && pretraining.guess;
        Self {
            seconds_per_trial: trial,
            seconds_per_pretraining: pretraining,
            gpus,
            watts,
            grams_co2e_per_kwh: GRAMS_PER_KWH,
            gpu_hours: hours,
            kwh,
            kg_co2e: kwh * GRAMS_PER_KWH / 1_000.0,
            seconds: (work / gpus.value).max(chain),
            guess,
        }
    }

    pub(super) fn write(&self, screen: &mut dyn Write, counts: GridCounts) -> io::Result<()> {
        let mut facts = vec![("a training", self.seconds_per_trial.text("s"))];
        if counts.pretrainings > 0 {
            facts.push(("a pretraining", self.seconds_per_pretraining.text("s")));
        }
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a grid are far below 2^53")]
        let wall = duration(self.seconds.round() as i64);
        facts.extend([
            ("GPUs", self.gpus.text("at a time")),
            ("power", self.watts.text("W each")),
            ("GPU-hours", format!("{:.1}", self.gpu_hours)),
            ("energy", format!("{:.1} kWh", self.kwh)),
            ("CO2e", format!("{:.2} kg at {} g/kWh", self.kg_co2e, self.grams_co2e_per_kwh)),
            ("ends after", format!("{wall}, if the GPUs are there and nothing fails")),
        ]);
        let title = if self.guess { "estimate, partly guessed:" } else { "estimate:" };
        writeln!(screen, "{title}")?;
        write_facts(screen, &facts)
    }
}

/// Seconds of devices. Tests are evaluations, which take a small share of a training.
fn work(counts: GridCounts, trial: f64, pretraining: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "runs of a grid are far below 2^53")]
    let [trainings, pretrainings] = [counts.trials + counts.finals, counts.pretrainings].map(|n| n as f64);
    trainings * trial + pretrainings * pretraining
}

/// Seconds of the cell whose runs wait longest for each other: its pretraining, its trials in rounds, a final.
fn longest_chain(grid: &GridSpec, trial: f64, pretraining: f64) -> f64 {
    let chain = |cell: &pedigree_protocol::grid::GridCell| {
        let study = grid.study_spec(cell);
        let rounds = study.trials.div_ceil(study.max_concurrent) + 1;
        let before = if cell.pretraining.is_some() { pretraining } else { 0.0 };
        before + f64::from(rounds) * trial
    };
    grid.cells().iter().filter(|cell| cell.hole.is_none()).map(chain).fold(0.0, f64::max)
}
