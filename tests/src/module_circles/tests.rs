use std::path::Path;

use super::{Knot, knots};

/// The knots of a crate of `(file, text)`, the root first.
fn knots_of(files: &[(&str, &str)]) -> Vec<Knot> {
    let text = |path: &Path| {
        files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned())
    };
    knots(Path::new(files[0].0), text)
}

/// The circles of a crate, each as `user:line > used by path` from its first file in the alphabet on.
fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let mut circles: Vec<Vec<String>> = knots_of(files).iter().map(steps).collect();
    circles.sort();
    circles
}

fn steps(knot: &Knot) -> Vec<String> {
    let step =
        |u: &super::Use| format!("{}:{} > {} by {}", u.user.display(), u.line, u.used.display(), u.path);
    let mut steps: Vec<String> = knot.circle.iter().map(step).collect();
    let first = (0..steps.len()).min_by_key(|i| steps[*i].clone()).expect("a circle has steps");
    steps.rotate_left(first);
    steps
}

/// A crate of two files that use each other, `a` by `text` and `b` by a plain import of `A`.
fn beside(text: &str) -> Vec<Vec<String>> {
    circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", text), ("b.rs", "use crate::a::A; pub struct B;")])
}

const NONE: Vec<Vec<String>> = Vec::new();

#[test]
fn two_files_that_import_each_other_are_a_circle() {
    let a = "use crate::b::B;\npub struct A;";
    assert_eq!(beside(a), [["a.rs:1 > b.rs by crate::b::B", "b.rs:1 > a.rs by crate::a::A"]]);
    assert_eq!(beside("pub struct A;"), NONE);
}

#[test]
fn a_path_in_a_body_a_type_an_attribute_or_a_macro_counts() {
    let found = |text: &str, path: &str| {
        let expected = [format!("a.rs:1 > b.rs by {path}"), "b.rs:1 > a.rs by crate::a::A".to_owned()];
        assert_eq!(beside(text), [expected], "{text}");
    };
    found("pub fn A() { crate::b::B; }", "crate::b::B");
    found("pub struct A(super::b::B);", "super::b::B");
    found("pub struct A(Option<Box<super::b::B>>);", "super::b::B");
    found("pub struct A; impl From<super::b::B> for A {}", "super::b::B");
    found("pub struct A; impl A { fn f() -> u8 { match 1 { super::b::B => 1 } } }", "super::b::B");
    found("pub fn A() { println!(\"{}\", 1 + crate::b::B::new()); }", "crate::b::B::new");
    found("pub fn A() { use super::b::B; }", "super::b::B");
    found(
        "#[derive(Serialize)] pub struct A { #[serde(with = \"crate::b\", default = \"crate::b::B::new\")] a: u8 }",
        "crate::b::B::new",
    );
    found("#[schema(value = crate::b::B)] pub struct A;", "crate::b::B");
    found("pub struct A; macro_rules! m { ($x:ident) => { $crate::b::B::$x } }", "crate::b::B");
}

#[test]
fn a_module_that_is_imported_counts_by_what_is_taken_from_it() {
    assert_eq!(beside("use crate::b; pub fn A() { b::B }").len(), 1);
    assert_eq!(beside("use crate::b as other; pub fn A() { vec![other::B] }").len(), 1);
    assert_eq!(beside("use crate::{b, b::{self as it}}; pub fn A() { it::B }").len(), 1);
    assert_eq!(beside("use crate::b; pub fn A() { x.b.B; y.b::<B>(); }"), NONE);
}

#[test]
fn nested_use_trees_are_read_to_their_leaves() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        (
            "a.rs",
            "use std::{io, crate_like::b::B};\nuse crate::{\n  b::{self, deep::{C, D as E}},\n}; pub struct A;",
        ),
        ("b/mod.rs", "pub mod deep;"),
        ("b/deep.rs", "use super::super::a::A; pub struct C; pub struct D;"),
    ];
    assert_eq!(
        circles(&files),
        [["a.rs:3 > b/deep.rs by crate::b::deep::C", "b/deep.rs:1 > a.rs by super::super::a::A"]]
    );
}

#[test]
fn a_longer_circle_is_told_by_its_shortest_way() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; use crate::c::C; pub struct A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::d::D; pub struct C;"),
        ("d.rs", "use crate::a::A; pub struct D;"),
    ];
    let ways = circles(&files);
    let shortest =
        ["a.rs:1 > c.rs by crate::c::C", "c.rs:1 > d.rs by crate::d::D", "d.rs:1 > a.rs by crate::a::A"];
    assert_eq!(ways, [shortest]);
    let knot = &knots_of(&files)[0];
    assert_eq!((knot.files.len(), knot.uses.len()), (4, 5));
    assert!(knot.to_string().contains("d.rs:1 uses a.rs by `crate::a::A`"), "{knot}");
}

#[test]
fn a_parent_that_only_reexports_is_on_no_circle() {
    let lib = "mod a; mod b; pub use a::A; pub(crate) use b::{B as Bee, *};";
    let one_way = [("lib.rs", lib), ("a.rs", "pub struct A;"), ("b.rs", "use crate::A; pub struct B;")];
    assert_eq!(circles(&one_way), NONE);
    let both =
        [("lib.rs", lib), ("a.rs", "pub struct A(super::Bee);"), ("b.rs", "use super::A; pub struct B;")];
    assert_eq!(circles(&both), [["a.rs:1 > b.rs by super::Bee", "b.rs:1 > a.rs by super::A"]]);
}

#[test]
fn reexports_are_followed_through_several_parents_and_globs() {
    let files = [
        ("lib.rs", "mod deep; mod user; pub use deep::*;"),
        ("deep/mod.rs", "mod deeper; pub use self::deeper::{Thing as Shown};"),
        ("deep/deeper/mod.rs", "mod deepest; pub use deepest::Thing;"),
        ("deep/deeper/deepest.rs", "pub struct Thing(crate::user::User);"),
        ("user.rs", "pub struct User; fn f() { crate::Shown::new(); }"),
    ];
    let expected = [
        "deep/deeper/deepest.rs:1 > user.rs by crate::user::User",
        "user.rs:1 > deep/deeper/deepest.rs by crate::Shown::new",
    ];
    assert_eq!(circles(&files), [expected]);
}

#[test]
fn a_parent_that_works_with_its_child_and_is_used_by_it_is_a_circle() {
    let child = ("a/child.rs", "use super::Shared; pub struct Child(Shared);");
    let working = [
        ("lib.rs", "mod a;"),
        ("a.rs", "mod child; pub use child::Child; pub struct Shared; fn f() -> Child {}"),
        child,
    ];
    assert_eq!(circles(&working), [["a.rs:1 > a/child.rs by Child", "a/child.rs:1 > a.rs by super::Shared"]]);
    let declaring = [("lib.rs", "mod a;"), ("a.rs", "mod child; pub struct Shared;"), child];
    assert_eq!(circles(&declaring), NONE);
}

#[test]
fn names_that_a_macro_defines_are_found_where_it_is_called() {
    let files = [
        ("lib.rs", "mod id; mod user; pub use id::*;"),
        ("id.rs", "define! { RunId, StudyId } fn f() { crate::user::User }"),
        ("user.rs", "pub struct User; use crate::RunId; use crate::id::Unseen;"),
    ];
    assert_eq!(
        circles(&files),
        [["id.rs:1 > user.rs by crate::user::User", "user.rs:1 > id.rs by crate::RunId"]]
    );
}

#[test]
fn an_inline_module_belongs_to_its_file() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub struct A; mod inner { use super::super::b::B; mod child; }"),
        ("a/inner/child.rs", ""),
        ("b.rs", "use crate::a::inner::Anything; pub struct B;"),
    ];
    assert_eq!(circles(&files).len(), 1);
    let alone = [
        ("lib.rs", "mod a;"),
        ("a.rs", "pub struct A; pub mod inner { pub use super::A; pub struct B(A); } fn f() { inner::B }"),
    ];
    assert_eq!(circles(&alone), NONE);
}

#[test]
fn test_code_does_not_count() {
    for gated in [
        "#[cfg(test)] mod tests { use crate::b::B; }",
        "#[cfg(test)] mod elsewhere;",
        "#[cfg(all(test, feature = \"x\"))] use crate::b::B;",
        "impl A { #[cfg(test)] fn f() { crate::b::B } }",
        "fn f() { #[cfg(test)] let b = crate::b::B; }",
    ] {
        assert_eq!(beside(&format!("pub struct A; {gated}")), NONE, "{gated}");
    }
    assert_eq!(beside("pub struct A; #[cfg(not(test))] use crate::b::B;").len(), 1);
    assert_eq!(beside("pub struct A; #[cfg(any(test, feature = \"x\"))] use crate::b::B;").len(), 1);
    assert_eq!(beside("pub struct A; #[cfg(feature = \"x\")] use crate::b::B;").len(), 1);
}

#[test]
fn names_of_other_crates_variables_and_fields_do_not_count() {
    let files = [
        ("lib.rs", "mod a; mod b; use b::*; use serde::Serialize; use tokio;"),
        (
            "a.rs",
            "pub struct A; use b::B; use ::b::B as C; fn f() { tokio::b::B; b::B; let crate_b = a.b; crate::Serialize; }",
        ),
        ("b.rs", "use crate::a::A; pub struct B;"),
    ];
    assert_eq!(circles(&files), NONE);
}

#[test]
fn imports_that_lead_to_themselves_end() {
    let files = [
        ("lib.rs", "mod a; pub use a::*;"),
        (
            "a.rs",
            "pub use crate::*; pub use crate::a::loops as loops; use loops::x; mod claim; use claim::claim; fn f() { claim() }",
        ),
        ("a/claim.rs", "pub fn claim() {}"),
    ];
    assert_eq!(circles(&files), NONE);
}

#[test]
fn a_path_goes_on_in_the_module_and_not_in_the_function_of_its_name() {
    let files = [
        ("main.rs", "mod run; mod user; fn run() { user::User }"),
        ("run.rs", "pub fn name() {}"),
        ("user.rs", "use crate::run::name; pub struct User;"),
    ];
    assert_eq!(circles(&files), NONE);
}
