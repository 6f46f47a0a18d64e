//! A search-space file that has been read and checked, and the study that it asks for.

use super::problem::{Position, Problem, Problems};
use crate::finals::Finals;
use crate::grid::StudyTemplate;
use crate::name;
use crate::study::StudySpec;

/// A checked search-space file. Dataset and backbone may still be missing. Only a server knows which exist.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepFile {
    pub(super) file_name: String,
    pub(super) name: Option<Placed>,
    pub(super) description: Option<Placed>,
    pub(super) dataset: Option<Placed>,
    pub(super) backbone: Option<Placed>,
    pub(super) study: StudyTemplate,
    pub(super) finals: Finals,
    pub(super) priority: i32,
    pub(super) seed: u32,
    pub(super) notes: Vec<Problem>,
}

/// A text and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) text: String,
    pub(super) position: Position,
}

/// What flags say in place of the file or beside it. A flag wins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--name`
    pub name: Option<String>,
    /// `--dataset`
    pub dataset: Option<String>,
    /// `--backbone`
    pub backbone: Option<String>,
    /// `--seed`
    pub seed: Option<u32>,
    /// `--trials`
    pub trials: Option<u32>,
}

impl SweepFile {
    /// The study that the file and the flags ask for.
    ///
    /// # Errors
    /// What is still missing, or a flag that makes no sense.
    pub fn spec(&self, flags: &Overrides) -> Result<StudySpec, Problems> {
        let mut problems = Vec::new();
        let dataset = self.required("dataset", flags.dataset.as_ref(), self.dataset.as_ref(), &mut problems);
        let backbone =
            self.required("backbone", flags.backbone.as_ref(), self.backbone.as_ref(), &mut problems);
        if flags.trials == Some(0) {
            problems.push(Problem {
                position: None,
                key: "--trials".to_owned(),
                message: "0 is out of bounds; give at least 1".to_owned(),
            });
        }
        if !problems.is_empty() {
            return Err(Problems::new(&self.file_name, problems));
        }
        let study = self.study.clone();
        let name = flags.name.clone().or_else(|| self.name.as_ref().map(|n| n.text.clone()));
        Ok(StudySpec {
            name: name.unwrap_or_else(|| format!("{}-{dataset}-{backbone}", stem(&self.file_name))),
            dataset,
            backbone,
            method: study.method,
            metric: study.metric,
            parameters: study.parameters,
            fixed: study.fixed,
            pruner: study.pruner,
            transfer: study.transfer,
            finals: self.finals,
            trials: flags.trials.unwrap_or(study.trials),
            max_concurrent: study.max_concurrent,
            priority: self.priority,
            resources: study.resources,
            retries: study.retries,
            lost_retries: study.lost_retries,
            study_retries: study.study_retries,
            seed: flags.seed.unwrap_or(self.seed),
        })
    }

    /// The study as it was read, with every default; dataset, backbone and name are null where they are still missing.
    pub fn as_read(&self, flags: &Overrides) -> serde_json::Value {
        let given = |flag: &Option<String>, placed: &Option<Placed>| flag.is_some() || placed.is_some();
        let filled = |flag: &Option<String>, placed: &Option<Placed>| {
            flag.clone().or_else(|| placed.is_none().then(String::new))
        };
        let complete = Overrides {
            dataset: filled(&flags.dataset, &self.dataset),
            backbone: filled(&flags.backbone, &self.backbone),
            ..flags.clone()
        };
        let Ok(Ok(mut read)) = self.spec(&complete).map(serde_json::to_value) else {
            return serde_json::Value::Null;
        };
        let (dataset, backbone) =
            (given(&flags.dataset, &self.dataset), given(&flags.backbone, &self.backbone));
        let named = given(&flags.name, &self.name) || dataset && backbone;
        for (key, is_given) in [("dataset", dataset), ("backbone", backbone), ("name", named)] {
            if !is_given {
                read[key] = serde_json::Value::Null;
            }
        }
        read
    }

    /// Remarks that are no problems, such as names of other tools and what they were read as.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.notes.iter().map(|note| note.line(&self.file_name))
    }

    /// What the file says about itself.
    pub fn description(&self) -> Option<&str> {
        self.description.as_ref().map(|d| d.text.as_str())
    }

    /// A problem with the dataset's name, placed where that name was given.
    pub fn dataset_problem(&self, flags: &Overrides, message: String) -> Problems {
        self.name_problem("dataset", flags.dataset.is_some(), self.dataset.as_ref(), message)
    }

    /// A problem with the backbone's name, placed where that name was given.
    pub fn backbone_problem(&self, flags: &Overrides, message: String) -> Problems {
        self.name_problem("backbone", flags.backbone.is_some(), self.backbone.as_ref(), message)
    }

    fn name_problem(&self, key: &str, by_flag: bool, placed: Option<&Placed>, message: String) -> Problems {
        let problem = match placed {
            Some(placed) if !by_flag => Problem::at(placed.position, key, message),
            _ => Problem { position: None, key: format!("--{key}"), message },
        };
        Problems::new(&self.file_name, vec![problem])
    }

    fn required(
        &self,
        key: &str,
        flag: Option<&String>,
        placed: Option<&Placed>,
        problems: &mut Vec<Problem>,
    ) -> String {
        match flag.or(placed.map(|p| &p.text)) {
            Some(name) => name.clone(),
            None => {
                let message = format!("is missing; write {key}: NAME or give --{key} NAME");
                problems.push(Problem::at(Position { line: 1, column: 1 }, key, message));
                String::new()
            }
        }
    }
}

/// The file's name without folders and extension, made fit for a name.
pub(super) fn stem(file_name: &str) -> String {
    let base = file_name.rsplit('/').next().unwrap_or(file_name);
    let stem = base.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("study");
    name::made_of(stem)
}
