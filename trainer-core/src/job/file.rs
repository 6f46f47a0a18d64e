//! Reading a job file.

use std::path::Path;

use serde::de::DeserializeOwned;

use super::{InvalidJob, Setup};

/// Reads a job and checks it.
///
/// # Errors
/// The file's name with the position of a syntax error, an unknown key, or the first value out of bounds.
pub(super) fn read<J: DeserializeOwned>(
    path: &Path,
    check: impl Fn(&J) -> Result<(), InvalidJob>,
) -> Result<J, InvalidJob> {
    let fault = |problem: String| InvalidJob { key: path.display().to_string(), problem };
    let text = std::fs::read_to_string(path).map_err(|e| fault(format!("cannot be read: {e}")))?;
    // The shared keys are read by themselves first: serde gives no line for a fault in a flattened struct.
    serde_json::from_str::<Setup>(&text).map_err(|e| fault(e.to_string()))?;
    let job: J = serde_json::from_str(&text).map_err(|e| fault(e.to_string()))?;
    check(&job)?;
    Ok(job)
}

#[cfg(test)]
mod tests {
    use crate::{DaptJob, DeviceChoice, TrainJob};

    const TRAIN: &str = r#"{
        "train": "t", "dev": "d", "params": {"learning_rate": 1e-3},
        "backbone": "b", "out": "o", "seed": 18446744073709551615, "device": "cuda",
        "checkpoint": {"every_seconds": 5}
    }"#;

    fn refused(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("job.json");
        std::fs::write(&path, text).unwrap();
        TrainJob::read(&path).unwrap_err().to_string()
    }

    #[test]
    fn a_job_file_is_one_flat_object() {
        let job: TrainJob = serde_json::from_str(TRAIN).unwrap();
        assert_eq!((job.setup.seed, job.setup.device), (u64::MAX, DeviceChoice::Cuda));
        assert_eq!(job.setup.checkpoint.every_seconds, 5.0);
        let value = serde_json::to_value(&job).unwrap();
        assert_eq!((&value["backbone"], &value["threads"]), (&"b".into(), &serde_json::Value::Null));
        assert!(value.get("setup").is_none());
        assert_eq!(serde_json::from_value::<TrainJob>(value).unwrap(), job);
        let text = r#"{"passages": "p", "held_out": "h", "backbone": "b", "out": "o"}"#;
        let job: DaptJob = serde_json::from_str(text).unwrap();
        assert_eq!((job.setup.seed, job.setup.threads), (42, None));
        assert_eq!(serde_json::from_value::<DaptJob>(serde_json::to_value(&job).unwrap()).unwrap(), job);
    }

    #[test]
    fn faults_name_the_line_or_the_key() {
        let sentence = refused(&TRAIN.replace(r#""seed": 18446744073709551615"#, r#""seed": "one""#));
        assert!(
            sentence.contains("job.json: invalid type: string \"one\", expected u64 at line 3"),
            "{sentence}"
        );
        let sentence = refused(&TRAIN.replace(r#""dev": "d""#, r#""dev": 7"#));
        assert!(sentence.contains("expected path string at line 2"), "{sentence}");
        let sentence = refused(&TRAIN.replace(r#""dev": "d","#, r#""dev": "d", "tests": "never","#));
        assert!(sentence.contains("unknown field `tests`"), "{sentence}");
        assert!(refused(&TRAIN.replace("\"out\"", "\"outt\"")).contains("missing field `out`"));
        let sentence = refused(&TRAIN.replace("\"every_seconds\": 5", "\"every_seconds\": 0"));
        assert!(sentence.starts_with("checkpoint.every_seconds: 0 is not a time"), "{sentence}");
    }
}
