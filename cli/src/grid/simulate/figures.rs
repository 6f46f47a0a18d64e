//! What a simulation reports. Every line says that it is simulated.

use std::io::{self, Write};

use pedigree_protocol::grid::GridCounts;
use serde::Serialize;

use super::counts::CellCount;
use super::device::Spent;
use super::fleet::Happened;
use crate::output::table;

/// The figures of one simulation.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    pub(super) simulated: bool,
    pub(super) grid: String,
    pub(super) gpus: u32,
    pub(super) seed: u32,
    /// What the specification asks for.
    pub(super) counts: GridCounts,
    #[serde(flatten)]
    pub(super) time: Virtual,
    /// Restarts of the coordinator after SIGKILL.
    pub(super) restarts: u32,
    /// Real time from the registration to the grid's end.
    pub(super) took_s: f64,
    /// Median of the real time of `GET /grids/NAME` at the end.
    pub(super) get_grid_ms: f64,
    pub(super) cells: Vec<CellCount>,
    /// A sentence for each count that is off.
    pub(super) wrong: Vec<String>,
}

/// How the devices spent their virtual time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Virtual {
    /// From the creation of the grid to the end of its last run.
    makespan_h: f64,
    /// Share of the time in which devices had a worker and no run.
    idle_share: f64,
    /// Device-hours in runs that came to an end of their own.
    busy_h: f64,
    /// Device-hours in attempts that died.
    lost_h: f64,
    /// Device-hours without a worker, of devices that came back.
    away_h: f64,
    crashes: u64,
    vanished: u64,
    lost_devices: u64,
    /// Attempts whose lease was lost though their worker was there.
    leases_lost: u64,
}

impl Virtual {
    pub(super) fn new(happened: Happened, spent: impl Iterator<Item = Spent>) -> Self {
        let (mut total, mut idle, mut available) = (Spent::default(), 0, 0);
        for device in spent {
            total.busy += device.busy;
            total.lost += device.lost;
            total.away += device.away;
            idle += device.idle(happened.makespan);
            available += device.available(happened.makespan);
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds far below 2^53")]
        let hours = |ms: u64| ms as f64 / 3.6e6;
        Self {
            makespan_h: hours(happened.makespan),
            idle_share: if available == 0 { 0.0 } else { hours(idle) / hours(available) },
            busy_h: hours(total.busy),
            lost_h: hours(total.lost),
            away_h: hours(total.away),
            crashes: happened.crashes,
            vanished: happened.vanished,
            lost_devices: happened.lost_devices,
            leases_lost: happened.leases_lost,
        }
    }
}

impl Figures {
    /// Writes the figures, each line labelled.
    pub(super) fn write(&self, screen: &mut dyn Write) -> io::Result<()> {
        let cells = table(
            &["dataset", "backbone", "variant", "trials", "finals", "tests", "seals", ""],
            &[3, 4, 5, 6],
            self.rows(),
        );
        let text = format!("{}\n\n{cells}\n", self.facts().join("\n"));
        text.lines().try_for_each(|line| writeln!(screen, "{}", format!("SIMULATED  {line}").trim_end()))
    }

    fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.cells.iter().map(|cell| {
            let runs = cell.runs;
            let counts = [runs.trials, runs.finals, runs.tests, runs.seals].map(|count| count.to_string());
            let mark = if cell.hole.is_some() {
                "hole"
            } else if cell.winner {
                "winner"
            } else {
                ""
            };
            [cell.dataset.clone(), cell.backbone.clone(), cell.variant.clone()]
                .into_iter()
                .chain(counts)
                .chain([mark.to_owned()])
                .collect()
        })
    }

    fn facts(&self) -> Vec<String> {
        let (time, counts) = (&self.time, self.counts);
        let sum = |of: fn(&CellCount) -> i64| self.cells.iter().map(of).sum::<i64>();
        vec![
            format!("grid       {}, {} devices, seed {}", self.grid, self.gpus, self.seed),
            format!("makespan   {:.2} h (virtual)", time.makespan_h),
            format!("idle       {:.1} % of the devices' time", 100.0 * time.idle_share),
            format!("work       {:.2} device-hours", time.busy_h),
            format!(
                "lost       {:.2} device-hours in attempts that died, {:.2} without a worker",
                time.lost_h, time.away_h
            ),
            format!(
                "deaths     {} crashes, {} workers vanished, {} of them with their device; {} restart of the coordinator",
                time.crashes, time.vanished, time.lost_devices, self.restarts
            ),
            format!("leases     {} lost with a worker alive", time.leases_lost),
            format!("cells      {}, {} holes", counts.cells, counts.holes),
            format!("trials     {} of {}", sum(|cell| cell.runs.trials), counts.trials),
            format!("finals     {} of {}", sum(|cell| cell.runs.finals), counts.finals),
            format!("seals      {}", sum(|cell| cell.runs.seals)),
            format!("GET grid   {:.1} ms (real, median)", self.get_grid_ms),
            format!("took       {:.0} s (real)", self.took_s),
            match self.wrong.len() {
                0 => "counts     exact".to_owned(),
                wrong => format!("counts     {wrong} are off"),
            },
        ]
    }
}
