//! `pedigree study importance`: which parameters mattered, and which ranges are too narrow.

use std::io::{self, Write};

use pedigree_protocol::client::Client;
use pedigree_protocol::insight::{RangeEnd, StudyInsight};

use crate::output::{Output, table, write_facts, write_table};

pub(crate) async fn run(client: &Client, study: &str, output: Output) -> anyhow::Result<()> {
    let insight = client.insight(study).await?;
    output.document(&insight, |screen| write(screen, &insight))
}

fn write(screen: &mut dyn Write, insight: &StudyInsight) -> io::Result<()> {
    write_facts(screen, &facts(insight))?;
    let trials = insight.trials;
    if trials < insight.fewest {
        return writeln!(
            screen,
            "{trials} trials have completed; importance needs at least {}",
            insight.fewest
        );
    }
    let rows = insight.parameters.iter().map(|parameter| {
        let share =
            parameter.importance.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", 100.0 * share));
        let warning = parameter.boundary.as_ref().map_or_else(String::new, |boundary| {
            let end = if boundary.end == RangeEnd::Low { "smallest" } else { "largest" };
            format!("the best trials lie at its {end} values ({}); widen the range", boundary.value)
        });
        vec![parameter.name.clone(), share, warning]
    });
    writeln!(screen, "importance over {trials} completed trials (PED-ANOVA)")?;
    write_table(screen, &table(&["parameter", "share", "remark"], &[1], rows))
}

/// Which sampler proposed the trials, and which studies donated to it.
pub(crate) fn facts(insight: &StudyInsight) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(sampler) = &insight.sampler {
        let chosen = sampler.chosen.as_ref().map_or_else(String::new, |chosen| format!(" chose {chosen}"));
        let why = sampler.why.as_ref().map_or_else(String::new, |why| format!(" because {why}"));
        facts.push(("sampler", format!("{}{chosen}{why}", sampler.name)));
    }
    let donors = insight
        .donors
        .iter()
        .map(|donor| format!("{} (weight {:.2}, {} given)", donor.study, donor.weight, donor.given));
    let sentence = donors.collect::<Vec<String>>().join(", ");
    if !sentence.is_empty() {
        facts.push(("donors", sentence));
    }
    facts
}

#[cfg(test)]
mod tests {
    use pedigree_protocol::Scalar;
    use pedigree_protocol::insight::{Boundary, DonorUsed, ParameterInsight, SamplerUsed};

    use super::*;

    #[test]
    fn an_insight_reads_from_the_sampler_to_the_ranges() {
        let parameter = |name: &str, share, boundary| ParameterInsight {
            name: name.to_owned(),
            importance: Some(share),
            boundary,
        };
        let high = Boundary { end: RangeEnd::High, value: Scalar::Float(0.01) };
        let mut insight = StudyInsight {
            sampler: Some(SamplerUsed {
                name: "auto version 1".into(),
                chosen: Some("tpe version 2".into()),
                why: Some("it takes every kind of space".into()),
            }),
            donors: vec![DonorUsed { study: "sibling".into(), weight: 0.7, given: 3 }],
            trials: 12,
            fewest: 10,
            parameters: vec![
                parameter("learning_rate", 0.815, Some(high)),
                parameter("batch_size", 0.185, None),
            ],
        };
        let text = |insight: &StudyInsight| {
            let mut text = Vec::new();
            write(&mut text, insight).unwrap();
            String::from_utf8(text).unwrap()
        };
        insta::assert_snapshot!(text(&insight), @r"
        sampler  auto version 1 chose tpe version 2 because it takes every kind of space
        donors   sibling (weight 0.70, 3 given)
        importance over 12 completed trials (PED-ANOVA)
        parameter      share  remark
        learning_rate   82 %  the best trials lie at its largest values (0.01); widen the range
        batch_size      18 %
        ");
        insight.trials = 9;
        assert!(text(&insight).ends_with("9 trials have completed; importance needs at least 10\n"));
    }
}
