//! What a path leads to: the file that defines it, through imports, re-exports and globs.

use std::collections::BTreeSet;

use super::source::{Binding, Crate, FileId, ModuleId};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Module(ModuleId),
    /// An item, by the file that defines it.
    Item(FileId),
}

/// Several where one name stands for a module and a function; none for what another crate or a local variable owns.
pub(super) type Targets = BTreeSet<Target>;

/// Imports that are being followed, so that one that leads to itself ends.
type Followed = Vec<(ModuleId, String)>;

impl Crate {
    pub(super) fn resolve(&self, from: ModuleId, route: &[String]) -> Targets {
        self.follow(from, route, &mut Vec::new())
    }

    fn follow(&self, from: ModuleId, route: &[String], followed: &mut Followed) -> Targets {
        let Some((first, rest)) = route.split_first() else { return Targets::new() };
        let mut targets = match first.as_str() {
            "crate" => [Target::Module(0)].into(),
            "self" => [Target::Module(from)].into(),
            "super" => self.parent(from),
            name => self.lookup(from, name, followed).unwrap_or_default(),
        };
        for segment in rest {
            targets = holders(targets).flat_map(|target| self.step(target, segment, followed)).collect();
        }
        targets
    }

    fn parent(&self, module: ModuleId) -> Targets {
        self.modules[module].parent.map(Target::Module).into_iter().collect()
    }

    fn step(&self, target: Target, segment: &str, followed: &mut Followed) -> Targets {
        match target {
            Target::Item(_) => [target].into(),
            Target::Module(module) if segment == "super" => self.parent(module),
            // A name that the text does not show is there by a macro or by another crate's glob.
            Target::Module(module) => self
                .lookup(module, segment, followed)
                .unwrap_or_else(|| [Target::Item(self.modules[module].file)].into()),
        }
    }

    /// What `name` stands for in `module`; `None` where the module does not have it.
    fn lookup(&self, module: ModuleId, name: &str, followed: &mut Followed) -> Option<Targets> {
        let found = &self.modules[module];
        if let Some(bindings) = found.names.get(name) {
            let targets = bindings.iter().flat_map(|binding| self.bound(module, name, binding, followed));
            return Some(targets.collect());
        }
        if found.generated.contains(name) {
            return Some([Target::Item(found.file)].into());
        }
        let here = (module, format!("* {name}"));
        if followed.contains(&here) {
            return None;
        }
        followed.push(here);
        let through_globs = found.globs.iter().flat_map(|glob| self.follow(module, glob, followed));
        let modules: Vec<Target> = through_globs.collect();
        let targets = modules.into_iter().find_map(|target| match target {
            Target::Module(module) => self.lookup(module, name, followed),
            Target::Item(_) => None,
        });
        followed.pop();
        targets
    }

    fn bound(&self, module: ModuleId, name: &str, binding: &Binding, followed: &mut Followed) -> Targets {
        let route = match binding {
            Binding::Item => return [Target::Item(self.modules[module].file)].into(),
            Binding::Module(child) => return [Target::Module(*child)].into(),
            Binding::Import(route) => route,
        };
        let here = (module, name.to_owned());
        if followed.contains(&here) {
            return Targets::new();
        }
        followed.push(here);
        let targets = self.follow(module, route, followed);
        followed.pop();
        targets
    }
}

/// The targets that further segments may lie in: of a module and a function of one name, the module.
fn holders(targets: Targets) -> impl Iterator<Item = Target> {
    let module = targets.iter().any(|target| matches!(target, Target::Module(_)));
    targets.into_iter().filter(move |target| !module || matches!(target, Target::Module(_)))
}
