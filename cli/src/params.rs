//! Parameters as people read them.

use pedigree_protocol::params::{ParamValues, Scalar};
use pedigree_protocol::run::Run;
use pedigree_protocol::study::Study;
use pedigree_protocol::sweep::parameters;

/// The largest number of epochs of a run: searched, fixed, or the trainer's default.
pub(crate) fn max_epochs(study: &Study, run: &Run) -> String {
    let given = run.params.get("max_epochs").or_else(|| study.spec.fixed.get("max_epochs"));
    let default = || parameters::find("max_epochs").and_then(|p| p.default).unwrap_or("?").to_owned();
    given.map_or_else(default, Scalar::to_string)
}

/// `name=value` for each parameter.
pub(crate) fn params(values: &ParamValues) -> String {
    values.iter().map(|(name, value)| format!("{name}={}", short(value))).collect::<Vec<_>>().join(" ")
}

/// A value rounded for reading.
pub(crate) fn short(value: &Scalar) -> String {
    match value {
        Scalar::Float(number) if *number != 0.0 && number.abs() < 1e-2 => format!("{number:.2e}"),
        Scalar::Float(number) => format!("{}", (number * 1e4).round() / 1e4),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [1.234_567e-3, 0.1, 0.333_333, 0.0, 32.0].map(|v| short(&Scalar::Float(v))).join(" ");
        assert_eq!(said, "1.23e-3 0.1 0.3333 0 32");
    }
}
