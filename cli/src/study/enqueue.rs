//! `pedigree study enqueue`: a configuration of the user's own.

use pedigree_protocol::client::Client;
use pedigree_protocol::study::Enqueue;
use pedigree_protocol::{ParamValues, Scalar};

use super::named::Named;
use crate::output::Output;
use crate::params;

#[derive(Debug, clap::Args)]
pub(crate) struct EnqueueArgs {
    #[command(flatten)]
    study: Named,
    /// Value of each searched parameter, such as learning_rate=3e-4
    #[arg(long, required = true, num_args = 1.., value_name = "NAME=VALUE", value_parser = assignment)]
    params: Vec<(String, Scalar)>,
    /// Name of the configuration; adding the same key again changes nothing
    #[arg(long)]
    key: String,
}

pub(crate) async fn run(client: &Client, wanted: &EnqueueArgs, output: Output) -> anyhow::Result<()> {
    let mut params = ParamValues::new();
    for (name, value) in &wanted.params {
        if params.insert(name.clone(), value.clone()).is_some() {
            anyhow::bail!("--params: {name} is given twice; remove one");
        }
    }
    let queued = client.enqueue(&wanted.study.study, &Enqueue { key: wanted.key.clone(), params }).await?;
    output.document(&queued, |screen| {
        let place = queued.number.map_or("will be tried next".to_owned(), |n| format!("is trial {n}"));
        writeln!(screen, "{} {place}: {}", queued.key, params::params(&queued.params))
    })
}

/// Reads `NAME=VALUE`. A value that looks like a number, true or false is one.
fn assignment(text: &str) -> Result<(String, Scalar), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => Ok((name.to_owned(), scalar(value))),
        _ => Err("write NAME=VALUE, such as learning_rate=3e-4".to_owned()),
    }
}

fn scalar(text: &str) -> Scalar {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    match (text.parse::<i64>(), number, text.parse::<bool>()) {
        (Ok(whole), _, _) => Scalar::Int(whole),
        (_, Some(number), _) => Scalar::Float(number),
        (_, _, Ok(flag)) => Scalar::Bool(flag),
        _ => Scalar::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_by_kind() {
        let read = |text| assignment(text).map(|(_, value)| value);
        assert_eq!(read("a=16"), Ok(Scalar::Int(16)));
        assert_eq!(read("a=3e-4"), Ok(Scalar::Float(3e-4)));
        assert_eq!(read("a=qv"), Ok(Scalar::Text("qv".into())));
        assert_eq!(read("a=true"), Ok(Scalar::Bool(true)));
        assert_eq!(read("a=nan"), Ok(Scalar::Text("nan".into())));
        assert_eq!(assignment("a=b=c"), Ok(("a".into(), Scalar::Text("b=c".into()))));
        for bad in ["a", "=1", "a="] {
            assert!(assignment(bad).is_err(), "{bad}");
        }
    }
}
