//! The paths that an item mentions: in `use` trees, in types and expressions, in attributes and in macros' tokens.
//!
//! Must not know what the paths lead to.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemUse, Macro, Stmt, UseTree, Visibility};

use super::test_code::{is_test_code, of_impl_item, of_item, of_statement};

/// A path as it is written, by its segments.
pub(super) type Route = Vec<String>;

#[derive(Debug)]
pub(super) struct Mention {
    pub(super) route: Route,
    pub(super) line: usize,
}

#[derive(Debug)]
pub(super) struct Import {
    pub(super) name: String,
    pub(super) route: Route,
}

/// What one module's items mention and import.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    pub(super) paths: Vec<Mention>,
    pub(super) imports: Vec<Import>,
    pub(super) globs: Vec<Route>,
}

impl Mentions {
    fn add(&mut self, route: Route, span: Span) {
        self.paths.push(Mention { route, line: span.start().line });
    }

    /// A re-export is no use: whoever names it uses what it leads to.
    fn import(&mut self, tree: &UseTree, before: &[String], reexport: bool) {
        let with = |ident: &syn::Ident| [before, &[name_of(ident)]].concat();
        let (route, name, span) = match tree {
            UseTree::Path(path) => return self.import(&path.tree, &with(&path.ident), reexport),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, before, reexport));
            }
            UseTree::Glob(glob) => {
                self.globs.push(before.to_vec());
                (before.to_vec(), None, glob.star_token.spans[0])
            }
            UseTree::Name(leaf) if leaf.ident == "self" => {
                (before.to_vec(), before.last().cloned(), leaf.ident.span())
            }
            UseTree::Name(leaf) => (with(&leaf.ident), Some(name_of(&leaf.ident)), leaf.ident.span()),
            UseTree::Rename(leaf) if leaf.ident == "self" => {
                (before.to_vec(), Some(name_of(&leaf.rename)), leaf.ident.span())
            }
            UseTree::Rename(leaf) => (with(&leaf.ident), Some(name_of(&leaf.rename)), leaf.ident.span()),
        };
        if let Some(name) = name {
            self.imports.push(Import { name, route: route.clone() });
        }
        if !reexport {
            self.add(route, span);
        }
    }

    /// Paths in tokens that no grammar tells apart: whatever reads `a::b`, or `a` that is no field or method.
    fn read_tokens(&mut self, tokens: TokenStream) {
        let mut path = Written::default();
        for tree in tokens {
            match tree {
                TokenTree::Ident(ident) => self.paths.extend(path.segment(&ident)),
                TokenTree::Punct(punct) => self.paths.extend(path.punctuation(punct.as_char())),
                TokenTree::Group(group) => {
                    self.paths.extend(path.end());
                    self.read_tokens(group.stream());
                }
                TokenTree::Literal(_) => self.paths.extend(path.end()),
            }
        }
        self.paths.extend(path.end());
    }

    /// serde names functions by paths in strings.
    fn read_strings(&mut self, tokens: TokenStream) {
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.read_strings(group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    if let Ok(path) = syn::parse_str::<syn::Path>(text.trim_matches('"')) {
                        self.add(route_of(&path), literal.span());
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test_code(of_item(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !is_test_code(of_impl_item(item)) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        if !is_test_code(of_statement(statement)) {
            visit::visit_stmt(self, statement);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !is_test_code(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if !is_test_code(&field.attrs) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if !is_test_code(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
        }
    }

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let syn::Meta::List(list) = &attribute.meta else { return };
        if attribute.path().is_ident("serde") {
            self.read_strings(list.tokens.clone());
        } else {
            self.read_tokens(list.tokens.clone());
        }
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        self.visit_path(&invocation.path);
        self.read_tokens(invocation.tokens.clone());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            self.add(route_of(path), first.ident.span());
        }
        visit::visit_path(self, path);
    }
}

/// A path while its tokens are read.
#[derive(Default)]
struct Written {
    route: Route,
    line: usize,
    colons: usize,
    /// The next identifier belongs to something before it: a field, a method, a lifetime, a macro's variable.
    owned: bool,
    /// A `$` stands before the next identifier; only `$crate` begins a path.
    variable: bool,
}

impl Written {
    fn segment(&mut self, ident: &syn::Ident) -> Option<Mention> {
        let name = name_of(ident);
        if self.colons == 2 {
            self.colons = 0;
            if !self.route.is_empty() {
                self.route.push(name);
            }
            return None;
        }
        let skip = self.owned || (self.variable && name != "crate");
        let before = self.end();
        if !skip {
            self.line = ident.span().start().line;
            self.route.push(name);
        }
        before
    }

    fn punctuation(&mut self, mark: char) -> Option<Mention> {
        if mark == ':' && self.colons < 2 {
            self.colons += 1;
            return None;
        }
        let before = self.end();
        self.owned = mark == '.' || mark == '\'';
        self.variable = mark == '$';
        before
    }

    fn end(&mut self) -> Option<Mention> {
        let ended = std::mem::take(self);
        (!ended.route.is_empty()).then_some(Mention { route: ended.route, line: ended.line })
    }
}

/// An identifier without `r#`.
pub(super) fn name_of(ident: &syn::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn route_of(path: &syn::Path) -> Route {
    path.segments.iter().map(|segment| name_of(&segment.ident)).collect()
}
