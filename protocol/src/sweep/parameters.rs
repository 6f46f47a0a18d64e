//! The trainer's parameters: their names, their allowed values and their defaults.
//!
//! A copy of the trainer's list, since neither crate depends on the other. A test in `cli` compares the two.

use crate::params::Scalar;

/// A parameter of the trainer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in files.
    pub name: &'static str,
    /// The values that make sense.
    pub kind: ParameterKind,
    /// Whether it may be searched; otherwise it can only be fixed.
    pub searchable: bool,
    /// The trainer's default, as a file would write it.
    pub default: Option<&'static str>,
    /// Meaning and unit.
    pub about: &'static str,
}

/// The values that make sense for a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterKind {
    /// A number above 0.
    Positive,
    /// A number of at least 0.
    NonNegative,
    /// A number from 0 to below 1.
    Share,
    /// A whole number of at least this.
    Count(i64),
    /// One of these words.
    Choice(&'static [&'static str]),
}

use ParameterKind::{Choice, Count, NonNegative, Positive, Share};

const fn searched(
    name: &'static str,
    kind: ParameterKind,
    default: Option<&'static str>,
    about: &'static str,
) -> Parameter {
    Parameter { name, kind, searchable: true, default, about }
}

const fn fixed(
    name: &'static str,
    kind: ParameterKind,
    default: Option<&'static str>,
    about: &'static str,
) -> Parameter {
    Parameter { name, kind, searchable: false, default, about }
}

/// Every parameter.
pub const ALL: &[Parameter] = &[
    searched(
        "learning_rate",
        Positive,
        None,
        "peak learning rate of the adapters, and of the head unless it has its own",
    ),
    searched("head_learning_rate", Positive, None, "peak learning rate of the classification head"),
    searched("batch_size", Count(1), Some("32"), "windows per optimiser step"),
    searched("weight_decay", NonNegative, Some("0.01"), "decoupled weight decay, not on biases"),
    searched("adam_beta1", Share, Some("0.9"), "AdamW's decay of the mean of gradients"),
    searched("adam_beta2", Share, Some("0.999"), "AdamW's decay of the mean of squared gradients"),
    searched("adam_epsilon", Positive, Some("1e-8"), "what AdamW adds to the root of that mean"),
    searched("warmup_ratio", Share, Some("0.1"), "share of all steps spent in linear warm-up"),
    searched("max_epochs", Count(1), Some("20"), "upper bound of epochs"),
    searched("lora_r", Count(1), Some("16"), "rank of the LoRA branches"),
    searched("lora_alpha", Positive, Some("32"), "a LoRA branch is scaled by lora_alpha / lora_r"),
    searched("lora_dropout", Share, Some("0.05"), "dropout before each LoRA branch"),
    searched(
        "lora_targets",
        Choice(&["qv", "qkvo", "all-linear", "none"]),
        Some("qv"),
        "layers that get a LoRA branch; none trains only the head",
    ),
    searched(
        "lora_scaling",
        Choice(&["standard", "rslora"]),
        Some("standard"),
        "rslora scales a branch by lora_alpha / sqrt(lora_r)",
    ),
    searched("label_smoothing", Share, Some("0.1"), "label mass that is spread over all classes"),
    fixed("max_length", Count(4), Some("256"), "pieces per window, special tokens included"),
    fixed("stride", Count(0), Some("50"), "pieces that neighbouring windows share"),
    fixed("clip", Positive, Some("1"), "bound of the global gradient norm"),
    fixed(
        "patience",
        Count(1),
        Some("3"),
        "epochs without a better dev score; written as early_stop: {patience: N}",
    ),
    fixed("max_train_sentences", Count(1), None, "use only the first N training sentences"),
    fixed("max_dev_sentences", Count(1), None, "use only the first N dev sentences"),
];

/// The parameter of that name.
pub fn find(name: &str) -> Option<&'static Parameter> {
    ALL.iter().find(|p| p.name == name)
}

impl Parameter {
    /// Takes a value as written: text that is a number becomes one (`1e-5` is text in YAML 1.1), then it is checked.
    ///
    /// # Errors
    /// What is wrong with the value and what would be right.
    pub fn accept(&self, value: &Scalar) -> Result<Scalar, String> {
        let value = match (self.kind, value) {
            (Choice(_), _) => value.clone(),
            (_, Scalar::Text(text)) if has_leading_zero(text) => {
                return Err(format!(
                    "{text} has a leading zero, which some readers take for octal; write {}",
                    decimal(text)
                ));
            }
            (Count(_), _) => as_number(value).map_or_else(|| value.clone(), as_whole),
            _ => as_number(value).unwrap_or_else(|| value.clone()),
        };
        if self.admits(&value) { Ok(value) } else { Err(format!("{value} is not {}", self.kind.describe())) }
    }

    fn admits(&self, value: &Scalar) -> bool {
        let number = value.as_f64().filter(|v| v.is_finite());
        match self.kind {
            Positive => number.is_some_and(|v| v > 0.0),
            NonNegative => number.is_some_and(|v| v >= 0.0),
            Share => number.is_some_and(|v| (0.0..1.0).contains(&v)),
            Count(least) => matches!(value, Scalar::Int(v) if *v >= least),
            Choice(words) => matches!(value, Scalar::Text(word) if words.contains(&word.as_str())),
        }
    }
}

impl ParameterKind {
    /// What would be right, as the end of a sentence.
    pub fn describe(self) -> String {
        match self {
            Positive => "a number above 0".to_owned(),
            NonNegative => "a number of at least 0".to_owned(),
            Share => "a number from 0 to below 1".to_owned(),
            Count(least) => format!("a whole number of at least {least}"),
            Choice(words) => format!("one of {}", words.join(", ")),
        }
    }

    /// Whether values are whole numbers.
    pub const fn is_whole(self) -> bool {
        matches!(self, Count(_))
    }

    /// Whether values are words.
    pub const fn is_choice(self) -> bool {
        matches!(self, Choice(_))
    }
}

/// The scalar as a finite number, also where it was read as text.
pub(super) fn as_number(value: &Scalar) -> Option<Scalar> {
    match value {
        Scalar::Int(_) => Some(value.clone()),
        Scalar::Float(number) if number.is_finite() => Some(value.clone()),
        Scalar::Text(text) if has_leading_zero(text) => None,
        Scalar::Text(text) => match text.parse::<i64>() {
            Ok(whole) => Some(Scalar::Int(whole)),
            Err(_) => text.parse::<f64>().ok().filter(|v| v.is_finite()).map(Scalar::Float),
        },
        Scalar::Float(_) | Scalar::Bool(_) => None,
    }
}

/// `32.0` as the whole number that it is.
pub(crate) fn as_whole(value: Scalar) -> Scalar {
    match value {
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        Scalar::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => Scalar::Int(float as i64),
        other => other,
    }
}

/// Whether a text is a whole number with a leading zero, as `010`.
pub(super) fn has_leading_zero(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The same digits without the zeros.
fn decimal(text: &str) -> String {
    text.parse::<i64>().map_or_else(|_| text.to_owned(), |number| number.to_string())
}
