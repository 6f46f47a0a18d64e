//! A crate's source text as a tree of modules, each with the names it binds and the paths it mentions.
//!
//! Owns where rustc looks for a module's file. Must not know what a path leads to.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Item, ItemMod};

use super::mention::{Mention, Mentions, Route, name_of};
use super::test_code::{is_test_code, of_item};

pub(super) type ModuleId = usize;
pub(super) type FileId = usize;

#[derive(Debug, Default)]
pub(super) struct Crate {
    pub(super) files: Vec<PathBuf>,
    /// The root first.
    pub(super) modules: Vec<Module>,
}

#[derive(Debug)]
pub(super) struct Module {
    pub(super) parent: Option<ModuleId>,
    pub(super) file: FileId,
    pub(super) names: HashMap<String, Vec<Binding>>,
    /// Words in the module's macro invocations: the macro may define items of these names.
    pub(super) generated: BTreeSet<String>,
    pub(super) globs: Vec<Route>,
    pub(super) mentions: Vec<Mention>,
}

/// What a name in a module stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Binding {
    Item,
    Module(ModuleId),
    Import(Route),
}

/// Where a module's text is, and in which folder its children's files are.
struct Place {
    parent: Option<ModuleId>,
    file: FileId,
    children: PathBuf,
}

pub(super) fn read_crate(root: &Path, read: impl Fn(&Path) -> Option<String>) -> Crate {
    let mut reader = Reader { read, found: Crate::default() };
    let folder = root.parent().expect("a root file lies in a folder").to_path_buf();
    reader.file(root.to_path_buf(), None, folder);
    reader.found
}

struct Reader<R> {
    read: R,
    found: Crate,
}

impl<R: Fn(&Path) -> Option<String>> Reader<R> {
    fn file(&mut self, path: PathBuf, parent: Option<ModuleId>, children: PathBuf) -> ModuleId {
        let text = (self.read)(&path).unwrap_or_else(|| panic!("{} is missing", path.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.found.files.push(path);
        let file = self.found.files.len() - 1;
        self.module(&parsed.items, &Place { parent, file, children })
    }

    fn module(&mut self, items: &[Item], place: &Place) -> ModuleId {
        let id = self.found.modules.len();
        let (parent, file) = (place.parent, place.file);
        self.found.modules.push(Module {
            parent,
            file,
            names: HashMap::new(),
            generated: BTreeSet::new(),
            globs: Vec::new(),
            mentions: Vec::new(),
        });
        let mut mentions = Mentions::default();
        for item in items.iter().filter(|item| !is_test_code(of_item(item))) {
            match item {
                Item::Mod(child) => {
                    let child_id = self.child(id, child, place);
                    self.bind(id, &child.ident, Binding::Module(child_id));
                }
                item => {
                    self.define(id, item);
                    mentions.visit_item(item);
                }
            }
        }
        let module = &mut self.found.modules[id];
        module.mentions = mentions.paths;
        module.globs = mentions.globs;
        for import in mentions.imports {
            module.names.entry(import.name).or_default().push(Binding::Import(import.route));
        }
        id
    }

    fn child(&mut self, parent: ModuleId, child: &ItemMod, place: &Place) -> ModuleId {
        let children = place.children.join(name_of(&child.ident));
        if let Some((_, items)) = &child.content {
            return self.module(items, &Place { parent: Some(parent), file: place.file, children });
        }
        let beside = children.with_extension("rs");
        let path = if (self.read)(&beside).is_some() { beside } else { children.join("mod.rs") };
        self.file(path, Some(parent), children)
    }

    fn define(&mut self, module: ModuleId, item: &Item) {
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Macro(item) => match &item.ident {
                Some(name) => name,
                None => return words(item.mac.tokens.clone(), &mut self.found.modules[module].generated),
            },
            _ => return,
        };
        self.bind(module, name, Binding::Item);
    }

    fn bind(&mut self, module: ModuleId, name: &syn::Ident, binding: Binding) {
        self.found.modules[module].names.entry(name_of(name)).or_default().push(binding);
    }
}

fn words(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for tree in tokens {
        match tree {
            TokenTree::Ident(ident) => {
                found.insert(name_of(&ident));
            }
            TokenTree::Group(group) => words(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
