//! The graph of files, and its knots: the files that reach each other.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::path::PathBuf;

use petgraph::algo::tarjan_scc;
use petgraph::graphmap::DiGraphMap;

use super::scope::Target;
use super::source::{Crate, FileId};

/// Files that all reach each other.
#[derive(Debug)]
pub struct Knot {
    /// The shortest way around.
    pub circle: Vec<Use>,
    /// All uses between the knot's files, one for each pair.
    pub uses: Vec<Use>,
    pub files: Vec<PathBuf>,
}

/// One file using another.
#[derive(Debug, Clone, PartialEq)]
pub struct Use {
    pub user: PathBuf,
    pub line: usize,
    pub used: PathBuf,
    /// The path as it is written.
    pub path: String,
}

impl fmt::Display for Use {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, line, used, path } = self;
        write!(f, "{}:{line} uses {} by `{path}`", user.display(), used.display())
    }
}

impl fmt::Display for Knot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "a circle of {} files; the shortest way around:", self.files.len())?;
        self.circle.iter().try_for_each(|step| writeln!(f, "    {step}"))?;
        if self.uses.len() > self.circle.len() {
            writeln!(f, "  all uses between its files:")?;
            self.uses.iter().try_for_each(|step| writeln!(f, "    {step}"))?;
        }
        Ok(())
    }
}

/// The first use of each pair of files.
type Uses = BTreeMap<(FileId, FileId), Use>;

pub(super) fn knots(of: &Crate) -> Vec<Knot> {
    let uses = uses(of);
    let graph = DiGraphMap::<FileId, ()>::from_edges(uses.keys());
    let mut knots: Vec<_> = tarjan_scc(&graph).into_iter().filter(|files| files.len() > 1).collect();
    knots.sort_by_key(|files| std::cmp::Reverse(files.len()));
    knots.into_iter().map(|files| knot(of, &uses, &files)).collect()
}

fn uses(of: &Crate) -> Uses {
    let mut uses = Uses::new();
    for (id, module) in of.modules.iter().enumerate() {
        for mention in &module.mentions {
            for target in of.resolve(id, &mention.route) {
                let Target::Item(file) = target else { continue };
                if file != module.file {
                    uses.entry((module.file, file)).or_insert_with(|| Use {
                        user: of.files[module.file].clone(),
                        line: mention.line,
                        used: of.files[file].clone(),
                        path: mention.route.join("::"),
                    });
                }
            }
        }
    }
    uses
}

fn knot(of: &Crate, uses: &Uses, files: &[FileId]) -> Knot {
    let within = |pair: &(FileId, FileId)| files.contains(&pair.0) && files.contains(&pair.1);
    let inside: Uses =
        uses.iter().filter(|(pair, _)| within(pair)).map(|(pair, step)| (*pair, step.clone())).collect();
    let ways = files.iter().map(|file| way_around(&inside, *file));
    let circle = ways.min_by_key(Vec::len).expect("a knot has files");
    let mut paths: Vec<PathBuf> = files.iter().map(|file| of.files[*file].clone()).collect();
    paths.sort();
    let uses = inside.into_values().collect();
    Knot { circle, uses, files: paths }
}

/// The shortest way from a file of a knot back to itself.
fn way_around(uses: &Uses, start: FileId) -> Vec<Use> {
    let mut reached_from: HashMap<FileId, FileId> = HashMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(user) = queue.pop_front() {
        for (_, used) in uses.range((user, 0)..(user + 1, 0)).map(|(pair, _)| *pair) {
            if let std::collections::hash_map::Entry::Vacant(entry) = reached_from.entry(used) {
                entry.insert(user);
                queue.push_back(used);
            }
        }
    }
    let mut way = Vec::new();
    let mut used = start;
    loop {
        let user = reached_from[&used];
        way.push(uses[&(user, used)].clone());
        used = user;
        if used == start {
            way.reverse();
            return way;
        }
    }
}
