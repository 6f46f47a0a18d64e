//! YAML as a tree in which every key and value knows its place. Must not know what any key means.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, NonFiniteFloatPolicy, Spanned};

use super::parameters::has_leading_zero;
use super::problem::{Position, Problem};
use crate::params::Scalar;

/// A value and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) position: Position,
    pub(super) value: Value,
}

/// A key and its place.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) position: Position,
    pub(super) name: String,
}

#[derive(Debug)]
pub(super) enum Value {
    Null,
    Scalar(Scalar),
    List(Vec<Node>),
    Table(Vec<(Key, Node)>),
}

impl Value {
    /// The kind of value, for sentences.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Scalar(Scalar::Text(text)) if has_leading_zero(text) => {
                format!("{text}, whose leading zero some readers take for octal")
            }
            Self::Scalar(Scalar::Text(text)) => format!("the text {text:?}"),
            Self::Scalar(scalar) => scalar.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Table(_) => "a mapping".to_owned(),
        }
    }
}

/// Reads one YAML document.
pub(super) fn parse(text: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        // 010 is ten to some readers and eight to others: whoever wrote it decides.
        leading_zero_numbers_as_strings: true,
    };
    serde_saphyr::from_str_with_options::<Spanned<Value>>(text, options).map(Node::from).map_err(|error| {
        let position = position(error.location().unwrap_or(Location::UNKNOWN));
        if matches!(error.without_snippet(), serde_saphyr::Error::MultipleDocuments { .. }) {
            let message = "a second YAML document begins here; a file describes one study: put each in a file of its own";
            return Problem::at(position, "", message);
        }
        let text = error.without_snippet().to_string();
        let sentence = text.split(" at line ").next().unwrap_or(&text);
        Problem::at(position, "", format!("this is not YAML: {sentence}"))
    })
}

fn position(location: Location) -> Position {
    Position { line: location.line().max(1), column: location.column().max(1) }
}

impl From<Spanned<Value>> for Node {
    fn from(spanned: Spanned<Value>) -> Self {
        Self { position: position(spanned.referenced), value: spanned.value }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Int(value)))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "beyond i64 a number can only be wrong; it is shown in the sentence"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Scalar(i64::try_from(value).map_or(Scalar::Float(value as f64), Scalar::Int)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Scalar(Scalar::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Value>>()? {
            list.push(item.into());
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let key = Key { position: position(key.referenced), name: key.value };
            table.push((key, entries.next_value::<Spanned<Value>>()?.into()));
        }
        Ok(Value::Table(table))
    }
}
