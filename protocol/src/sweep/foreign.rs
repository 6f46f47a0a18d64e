//! Keys of other tools (Ray Tune, Optuna, W&B, Determined, Katib), answered with ours.

use crate::method::Method;

/// What to write instead of a foreign top-level key.
pub(super) fn top(key: &str) -> Option<&'static str> {
    Some(match key {
        "num_samples" | "n_trials" | "run_cap" | "max_trials" | "maxTrialCount" | "budget" => {
            "write trials: N, the total number of trials"
        }
        "max_concurrent_trials" | "parallelTrialCount" | "n_jobs" | "concurrency" => {
            "write max_concurrent: N"
        }
        "max_failures" | "max_restarts" | "maxFailedTrialCount" => {
            "write retries: N, the further attempts of a trial"
        }
        "objective" | "direction" | "mode" | "goal" => "write metric: {name: dev_f1, goal: maximize}",
        "hyperparameters" | "search_space" | "space" | "param_space" | "config" => "write parameters:",
        "early_terminate" | "early_stopping" | "patience" => "write early_stop: {patience: N}",
        "sampler" | "algorithm" | "searcher" | "search_alg" => "write method: {preset: auto}",
        "command" | "program" | "entrypoint" | "trialTemplate" => {
            "leave it out: Pedigree runs its own trainer"
        }
        "scheduler" => "write pruner: asha, or another pruner",
        "grid" | "datasets" | "backbones" | "study" => {
            "a grid has a file of its own: see `pedigree grid validate`; here write dataset: NAME and backbone: NAME"
        }
        "params" => "write parameters: for what is searched, fixed: for what is not",
        _ => return None,
    })
}

/// What to write instead of a foreign key of the resources.
pub(super) fn resources(key: &str) -> Option<&'static str> {
    Some(match key {
        "gpus" | "gpu" | "slots" | "slots_per_trial" | "num_gpus" | "GPU" => {
            "leave it out: a trial trains on one device"
        }
        "memory" | "mem" | "gpu_memory" | "min_memory" => "write min_memory_gib: N",
        "time" | "time_limit" | "time_budget_s" | "max_time" => "write walltime: 2h",
        "accelerator_type" | "gpu_type" | "gres" => "write gpu_model: A100",
        _ => return None,
    })
}

/// What to write instead of a foreign key of a parameter.
pub(super) fn dimension(key: &str) -> Option<&'static str> {
    Some(match key {
        "lower" | "low" | "minval" => "write min",
        "upper" | "high" | "maxval" => "write max; the bound is inclusive",
        "q" => "write step",
        "choice" | "choices" | "vals" | "list" | "options" | "categories" | "grid" => "write values: [...]",
        "distribution" | "type" | "kind" => {
            "leave it out; say it by keys: {min, max}, log: true, int: true, step, or values: [...]"
        }
        "uniform" => "write {min: A, max: B}",
        "loguniform" | "log_uniform" | "log_uniform_values" => {
            "write {min: A, max: B, log: true}; bounds are values"
        }
        "randint" | "lograndint" => {
            "write {min: A, max: B, int: true}; both bounds are inclusive, unlike Ray's upper one"
        }
        "quniform" | "qrandint" => "write {min: A, max: B, step: Q}",
        "base" => "leave it out; min and max are the values themselves, not exponents",
        "value" => "a parameter that does not vary stands under fixed:",
        "mu" | "sigma" => "write prior: {mu: VALUE, sigma: SHARE}; sigma is a share of the range",
        _ => return None,
    })
}

/// What to write instead of a foreign key of the metric.
pub(super) fn metric(key: &str) -> Option<&'static str> {
    Some(match key {
        "mode" | "direction" | "type" | "smaller_is_better" => "write goal: maximize",
        "metric" => "write name: dev_f1",
        "target" => "leave it out: a study ends at its trials",
        _ => return None,
    })
}

/// Our method for one that other tools name.
pub(super) fn method(name: &str) -> Option<Method> {
    Some(match name {
        "bayes" | "bayesian" => Method::Auto,
        "optuna" => Method::Optuna5,
        _ => return None,
    })
}

/// What to write instead of a foreign key of what follows the search.
pub(super) fn finals(key: &str) -> Option<&'static str> {
    Some(match key {
        "test" => "a study always opens its test split; only a grid chooses",
        "runs" | "repeats" | "n_seeds" => "write seeds: N",
        "finalists" => "leave it out: only the best configuration is trained again",
        _ => return None,
    })
}

/// What to write instead of a foreign key of a pruner.
pub(super) fn pruner(key: &str) -> Option<&'static str> {
    Some(match key {
        "n_startup_trials" => "write startup_trials",
        "n_warmup_steps" | "grace_period" => "write warmup_steps, or min_epochs for asha and hyperband",
        "interval_steps" => "write interval",
        "percentile" => "write keep: the share that goes on, percent",
        "min_resource" | "min_iter" | "r" => "write min_epochs",
        "max_resource" | "max_iter" | "max_t" => "write max_epochs",
        "reduction_factor" | "eta" => "write reduction",
        "p_threshold" => "write p",
        "n_startup_steps" => "write startup_steps",
        "wrapped_pruner" => "write pruner",
        "type" | "preset" => "write name",
        _ => return None,
    })
}

/// What to write instead of a foreign key of a grid.
pub(super) fn grid(key: &str) -> Option<&'static str> {
    Some(match key {
        "dataset" => "write datasets: [NAME, ...]",
        "backbone" | "models" => "write backbones: [NAME, ...]",
        "parameters" | "fixed" | "trials" | "method" | "metric" | "early_stop" | "pruner" | "transfer"
        | "retries" | "resources" => "write it under study:, which every cell runs",
        "ablation" | "ablations" | "configurations" => "write variants: [{name: NAME, fixed: {...}}, ...]",
        "finals" => "write final: {seeds: N}",
        "parallelism" | "gpus" | "concurrency" => "write max_concurrent: N",
        _ => return None,
    })
}

/// What to write instead of a foreign key of a grid's study.
pub(super) fn grid_study(key: &str) -> Option<&'static str> {
    Some(match key {
        "dataset" => "write datasets: at the top level",
        "backbone" => "write backbones: at the top level",
        "name" => "leave it out: studies are called GRID.DATASET.BACKBONE",
        "final" | "priority" | "seed" | "description" => "write it at the top level, for the whole grid",
        other => return top(other),
    })
}

/// What to write instead of a foreign key of what follows the search of a grid's cells.
pub(super) fn grid_finals(key: &str) -> Option<&'static str> {
    if key == "test" { None } else { finals(key) }
}

/// What to write instead of a foreign key of a pretraining.
pub(super) fn pretraining(key: &str) -> Option<&'static str> {
    Some(match key {
        "passages" | "corpus" | "train" => "write text: FILE",
        "fixed" | "params" => "write parameters: {NAME: VALUE}",
        "leaves" => "write name: NAME; the pretraining and the backbone that it leaves have one name",
        _ => return None,
    })
}

/// What to write instead of a foreign key of a variant.
pub(super) fn variant(key: &str) -> Option<&'static str> {
    Some(match key {
        "pretraining" | "dapt" => "write pretrained: true or false",
        "overrides" | "parameters" => "write fixed: {NAME: VALUE}",
        _ => return None,
    })
}

/// No tool's keys.
pub(super) fn none(_: &str) -> Option<&'static str> {
    None
}
