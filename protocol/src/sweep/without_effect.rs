//! Remarks on searched parameters that a file's own values leave without effect. Must not know how a training uses them.

use super::node::{Node, Value};
use super::problem::Report;
use crate::domain::Domain;
use crate::params::{ParamValues, Scalar};
use crate::space::{Dimension, Space};

/// The parameters of LoRA branches.
const OF_BRANCHES: [&str; 4] = ["lora_r", "lora_alpha", "lora_dropout", "lora_scaling"];
const TARGETS: &str = "lora_targets";
/// The value of `lora_targets` with which no layer gets a branch.
const NO_TARGETS: &str = "none";

/// Remarks each parameter of branches that is searched although no layer may have a branch. `node` is the mapping that
/// `space` was read from.
pub(super) fn note(node: &Node, path: &str, space: &Space, fixed: &ParamValues, report: &mut Report) {
    let Value::Table(entries) = &node.value else { return };
    for (key, _) in entries.iter().filter(|(key, _)| OF_BRANCHES.contains(&key.name.as_str())) {
        let searched = space.dimension(&key.name);
        if let Some(message) = searched.and_then(|dimension| remark(dimension, space, fixed)) {
            report.note(key.position, format!("{path}.{}", key.name), message);
        }
    }
}

fn remark(dimension: &Dimension, space: &Space, fixed: &ParamValues) -> Option<String> {
    let listed = match space.dimension(TARGETS).map(|targets| &targets.domain) {
        Some(Domain::Categorical { values } | Domain::Ordinal { values }) => values.as_slice(),
        Some(_) => return None,
        None => std::slice::from_ref(fixed.get(TARGETS)?),
    };
    let others: Vec<_> = listed.iter().filter(|value| !is_none(value)).map(Scalar::to_string).collect();
    if others.is_empty() {
        return Some(format!(
            "has no effect: {TARGETS} is {NO_TARGETS}, so only the head is trained; search something else"
        ));
    }
    if others.len() == listed.len() || needs_branches(dimension, space) {
        return None;
    }
    Some(format!(
        "has no effect where {TARGETS} is {NO_TARGETS}; write when: {{{TARGETS}: [{}]}}",
        others.join(", ")
    ))
}

/// Whether the dimension is searched only where there are branches.
fn needs_branches(dimension: &Dimension, space: &Space) -> bool {
    dimension.when.iter().any(|(parent, values)| {
        let is_excluded = parent == TARGETS && !values.iter().any(is_none);
        is_excluded || space.dimension(parent).is_some_and(|parent| needs_branches(parent, space))
    })
}

fn is_none(value: &Scalar) -> bool {
    matches!(value, Scalar::Text(word) if word == NO_TARGETS)
}
