//! The time of one suggestion, by method and length of the history: six parameters, of which five have an order.
//!
//!     cargo bench -p pedigree-sampler

#![expect(
    clippy::disallowed_methods,
    reason = "an objective of a measurement; no suggestion depends on its last bits"
)]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pedigree_protocol::objective::Goal;
use pedigree_protocol::{Dimension, Domain};
use pedigree_protocol::{Method, Scalar, Space};
use pedigree_sampler::{History, Observed, Outcome, Search, suggest};

fn space() -> Space {
    let dimension =
        |name: &str, domain| Dimension { name: name.to_owned(), domain, when: BTreeMap::new(), prior: None };
    let float = |name: &str, min, max, log| dimension(name, Domain::Float { min, max, log, step: None });
    let targets = ["qv", "qkvo", "all-linear"].map(|t| Scalar::Text(t.to_owned())).to_vec();
    Space::new(vec![
        float("learning_rate", 1e-5, 1e-2, true),
        float("weight_decay", 1e-4, 0.3, true),
        float("warmup_ratio", 0.0, 0.2, false),
        float("lora_dropout", 0.0, 0.5, false),
        dimension("lora_r", Domain::Int { min: 4, max: 64, log: true, step: None }),
        dimension("lora_targets", Domain::Categorical { values: targets }),
    ])
    .expect("valid")
}

/// Random configurations, with values that a learning rate of 1e-3 minimises.
fn history(space: &Space, trials: u32) -> History {
    let search =
        Search { method: Method::Random, space, goal: Goal::Minimize, seed: 1, trials: Some(trials) };
    let observed = (1..=trials).map(|number| {
        let params = suggest(&search, number, &History::default()).params;
        let rate = params.get("learning_rate").and_then(Scalar::as_f64).expect("always active");
        let outcome = Outcome::Completed((rate.log10() + 3.0).powi(2));
        Observed { number, params: params.into_values().into(), outcome }
    });
    History::new(observed.collect())
}

fn ask(criterion: &mut Criterion) {
    let space = space();
    let mut group = criterion.benchmark_group("ask");
    for (method, lengths) in [
        (Method::Tpe, &[40, 1_000, 5_000][..]),
        (Method::Gp, &[40, 100]),
        (Method::Optuna5, &[40, 1_000]),
        (Method::Random, &[1_000]),
    ] {
        for &trials in lengths {
            let history = history(&space, trials);
            let search = Search { method, space: &space, goal: Goal::Minimize, seed: 1, trials: None };
            let id = BenchmarkId::new(method.as_str(), trials);
            group.bench_with_input(id, &history, |bencher, history| {
                let mut number = trials;
                bencher.iter(|| {
                    number += 1;
                    black_box(suggest(&search, number, history))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, ask);
criterion_main!(benches);
