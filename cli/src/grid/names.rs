//! Whether the server knows the datasets and backbones of a grid.

use pedigree_protocol::client::Client;
use pedigree_protocol::grid::{GridProblem, GridSpec};

/// What the server does not know, of what the grid expects to be there. A backbone that a pretraining will leave is known.
pub(super) async fn unknown(client: &Client, grid: &GridSpec) -> anyhow::Result<Vec<GridProblem>> {
    let datasets: Vec<_> = client.datasets().await?.into_iter().map(|d| d.spec.name).collect();
    let registered = client.backbones().await?.into_iter().map(|b| b.spec.name);
    let open = client.dapts().await?.into_iter().filter(|dapt| !dapt.run.state.is_final());
    let backbones: Vec<_> = registered.chain(open.filter_map(|dapt| dapt.spec.leaves)).collect();
    let asked = |unavailable: &Option<String>| unavailable.is_none();
    let datasets_asked = grid.datasets.iter().map(|d| (&d.name, asked(&d.unavailable)));
    let backbones_asked = grid.backbones.iter().map(|b| (&b.name, asked(&b.unavailable)));
    let mut problems = missing("dataset", "data", datasets_asked, &datasets);
    problems.extend(missing("backbone", "backbone", backbones_asked, &backbones));
    Ok(problems)
}

/// The names of a list that are asked for and not known.
fn missing<'a>(
    noun: &str,
    command: &str,
    names: impl Iterator<Item = (&'a String, bool)>,
    known: &[String],
) -> Vec<GridProblem> {
    let unknown = names.enumerate().filter(|(_, (name, asked))| *asked && !known.contains(name));
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let problem = |(index, (name, _)): (usize, (&String, bool))| GridProblem {
        key: format!("{noun}s[{index}]"),
        message: format!(
            "no {noun} {name:?} is registered; known: {known}; register it with `pedigree {command} add`, or say why it \
             cannot be had: unavailable"
        ),
    };
    unknown.map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_missed() {
        let names = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let asked = names.iter().zip([true, true, false]);
        let missed = missing("dataset", "data", asked, &["a".to_owned()]);
        let [only] = missed.try_into().unwrap();
        insta::assert_snapshot!(only, @r#"datasets[1]: no dataset "b" is registered; known: a; register it with `pedigree data add`, or say why it cannot be had: unavailable"#);
    }
}
