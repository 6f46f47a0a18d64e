//! Finding the three split files. Must not read them.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

const ENDINGS: [&str; 4] = ["conll", "tsv", "txt", "iob2"];
const DEV_STEMS: [&str; 4] = ["dev", "devel", "valid", "validation"];

/// Where the splits are: by flag or by folder. A flag wins.
#[derive(Debug, clap::Args)]
pub(super) struct SplitArgs {
    /// Folder that holds train, dev and test as .conll, .tsv, .txt or .iob2 files
    pub(super) folder: Option<PathBuf>,
    /// File of the training split
    #[arg(long, value_name = "FILE")]
    pub(super) train: Option<PathBuf>,
    /// File of the development split
    #[arg(long, value_name = "FILE")]
    pub(super) dev: Option<PathBuf>,
    /// File of the test split; it stays sealed until a study's final run
    #[arg(long, value_name = "FILE")]
    pub(super) test: Option<PathBuf>,
}

/// The three files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SplitFiles {
    pub(super) train: PathBuf,
    pub(super) dev: PathBuf,
    pub(super) test: PathBuf,
}

impl SplitArgs {
    /// Finds the files.
    pub(super) fn find(&self) -> anyhow::Result<SplitFiles> {
        Ok(SplitFiles {
            train: self.split("train", self.train.as_ref(), &["train"])?,
            dev: self.split("dev", self.dev.as_ref(), &DEV_STEMS)?,
            test: self.split("test", self.test.as_ref(), &["test"])?,
        })
    }

    fn split(&self, name: &str, flag: Option<&PathBuf>, stems: &[&str]) -> anyhow::Result<PathBuf> {
        match (flag, &self.folder) {
            (Some(file), _) => Ok(file.clone()),
            (None, Some(folder)) => in_folder(folder, name, stems),
            (None, None) => {
                bail!("no {name} split is given; add --{name} FILE, or give a folder that holds it")
            }
        }
    }

    /// Whether `pedigree data synth` wrote the corpus.
    pub(super) fn is_synthetic(files: &SplitFiles) -> bool {
        let marked = |file: &Path| {
            let readme = file.parent().unwrap_or(Path::new("")).join("README.txt");
            std::fs::read_to_string(readme).is_ok_and(|text| text.starts_with("SYNTHETIC DATA"))
        };
        [&files.train, &files.dev, &files.test].into_iter().any(|file| marked(file))
    }
}

/// The training split of a corpus folder.
pub(crate) fn train_file(folder: &Path) -> anyhow::Result<PathBuf> {
    split_file(folder, "train")
}

/// The split `name` (`train`, `dev` or `test`) of a corpus folder.
pub(crate) fn split_file(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    in_folder(folder, name, if name == "dev" { &DEV_STEMS } else { std::slice::from_ref(&name) })
}

fn in_folder(folder: &Path, name: &str, stems: &[&str]) -> anyhow::Result<PathBuf> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path();
        let part = |part: Option<&std::ffi::OsStr>| part.and_then(|p| p.to_str()).map(str::to_lowercase);
        let (stem, ending) = (part(path.file_stem()), part(path.extension()));
        if stem.is_some_and(|s| stems.contains(&s.as_str()))
            && ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
        {
            found.push(path);
        }
    }
    found.sort();
    match found.as_slice() {
        [file] => Ok(file.clone()),
        [] => bail!(
            "{} holds no {name} split; name it {}.conll (or .tsv, .txt, .iob2), or give --{name} FILE",
            folder.display(),
            stems[0]
        ),
        several => {
            let names: Vec<_> = several.iter().map(|file| file.display().to_string()).collect();
            bail!("{} could all be the {name} split; give --{name} FILE", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> (tempfile::TempDir, SplitArgs) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let args = SplitArgs { folder: Some(folder.path().into()), train: None, dev: None, test: None };
        (folder, args)
    }

    #[test]
    fn a_folder_is_read_by_its_file_names() {
        let (folder, args) = folder(&["train.tsv", "devel.tsv", "test.tsv", "train_dev.tsv", "README.md"]);
        let files = args.find().unwrap();
        assert_eq!(files.dev, folder.path().join("devel.tsv"));
        assert!(!SplitArgs::is_synthetic(&files));
        std::fs::write(folder.path().join("README.txt"), "SYNTHETIC DATA. Written by").unwrap();
        assert!(SplitArgs::is_synthetic(&files));
    }

    #[test]
    fn an_ambiguous_folder_is_refused() {
        let (_folder, args) = folder(&["train.tsv", "train.conll", "dev.tsv", "test.tsv"]);
        let refusal = args.find().unwrap_err().to_string();
        assert!(refusal.contains("train.conll") && refusal.ends_with("give --train FILE"), "{refusal}");
    }

    #[test]
    fn a_missing_split_is_named() {
        let (_folder, mut args) = folder(&["train.tsv", "test.tsv"]);
        assert!(args.find().unwrap_err().to_string().contains("holds no dev split; name it dev.conll"));
        args.folder = None;
        assert!(args.find().unwrap_err().to_string().contains("--train FILE"));
    }
}
