//! `ner_labels.json`: the tags of a classifier's rows, and the windows that it was trained on.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::files::LABELS;
use crate::backbone::{BackboneError, read_json};

/// What the file says. Files of other trainers may lack the windows.
#[derive(Debug)]
pub(crate) struct NerLabels {
    /// In the order of the classifier's rows.
    pub(crate) tags: Vec<String>,
    pub(crate) max_length: Option<usize>,
    pub(crate) stride: Option<usize>,
}

#[derive(Deserialize)]
struct File {
    scheme: Option<String>,
    id2label: Option<BTreeMap<usize, String>>,
    label2id: Option<BTreeMap<String, usize>>,
    max_length: Option<usize>,
    stride: Option<usize>,
}

impl NerLabels {
    /// Reads the file in the folder of an adapter.
    ///
    /// # Errors
    /// A file that is missing or malformed, or numbers its tags in two ways.
    pub(crate) fn read(dir: &Path) -> Result<Self, BackboneError> {
        let path = dir.join(LABELS);
        let file: File = read_json(&path)?;
        let (max_length, stride) = (file.max_length, file.stride);
        let tags = file.tags().map_err(|problem| BackboneError::Malformed { path, problem })?;
        Ok(Self { tags, max_length, stride })
    }
}

impl File {
    fn tags(self) -> Result<Vec<String>, String> {
        if let Some(scheme) = self.scheme.filter(|scheme| scheme != "IOB2") {
            return Err(format!("scheme {scheme} is not implemented; tags must be IOB2"));
        }
        let swapped = self.label2id.map(|ids| ids.into_iter().map(|(tag, id)| (id, tag)).collect());
        let by_id = match (self.id2label, swapped) {
            (Some(one), Some(other)) if one != other => {
                return Err("id2label and label2id number the tags differently".into());
            }
            (Some(by_id), _) | (None, Some(by_id)) => by_id,
            (None, None) => return Err("id2label is missing".into()),
        };
        if by_id.keys().copied().eq(0..by_id.len()) {
            Ok(by_id.into_values().collect())
        } else {
            Err("id2label must number the tags from 0 without gaps".into())
        }
    }
}
