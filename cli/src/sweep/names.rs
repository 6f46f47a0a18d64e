//! Whether the server knows the names in a file.

use pedigree_protocol::client::{Client, ClientError};
use pedigree_protocol::study::StudySpec;
use pedigree_protocol::sweep::{Overrides, Problems, SweepFile};

/// Asks the server whether it knows the dataset and the backbone. A backbone that a pretraining will leave is known too.
pub(super) async fn check_names(
    client: &Client,
    file: &SweepFile,
    spec: &StudySpec,
    overrides: &Overrides,
) -> anyhow::Result<Result<(), Problems>> {
    let datasets = client.datasets().await?.into_iter().map(|d| d.spec.name);
    if let Some(message) = unknown("dataset", "data", &spec.dataset, datasets.collect()) {
        return Ok(Err(file.dataset_problem(overrides, message)));
    }
    let registered = client.backbones().await?.into_iter().map(|b| b.spec.name);
    let open = client.dapts().await?.into_iter().filter(|dapt| !dapt.run.state.is_final());
    let promised = open.filter_map(|dapt| dapt.spec.leaves);
    if let Some(message) =
        unknown("backbone", "backbone", &spec.backbone, registered.chain(promised).collect())
    {
        return Ok(Err(file.backbone_problem(overrides, message)));
    }
    Ok(Ok(()))
}

fn unknown(noun: &str, command: &str, name: &str, known: Vec<String>) -> Option<String> {
    if known.iter().any(|k| k == name) {
        return None;
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Some(format!(
        "no {noun} {name:?} is registered; known: {known}; register it with `pedigree {command} add`"
    ))
}

/// Whether no server answered, as opposed to one that refused.
pub(crate) fn is_absent(error: &anyhow::Error) -> bool {
    error.downcast_ref::<ClientError>().is_some_and(|e| matches!(e, ClientError::Unreachable { .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        assert_eq!(unknown("dataset", "data", "a", vec!["a".into()]), None);
        insta::assert_snapshot!(unknown("dataset", "data", "x", vec!["a".into(), "b".into()]).unwrap(), @r#"no dataset "x" is registered; known: a, b; register it with `pedigree data add`"#);
        insta::assert_snapshot!(unknown("backbone", "backbone", "x", vec![]).unwrap(), @r#"no backbone "x" is registered; known: none; register it with `pedigree backbone add`"#);
    }
}
