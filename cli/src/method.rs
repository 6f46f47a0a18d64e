//! A method that proposes trials, as flags name it.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pedigree_protocol::Method;

/// Reads the name of a method; help lists them.
pub(crate) fn method() -> impl TypedValueParser<Value = Method> {
    PossibleValuesParser::new(Method::ALL.map(Method::as_str))
        .map(|name| Method::named(&name).expect("the parser lets only names of methods through"))
}
