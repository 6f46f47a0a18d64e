//! The easy flavour: a small grammar of diseases and chemicals whose endings tell what they are.
//!
//! It is not trivial: entity words also occur outside entities (`heat shock`, `cold storage`), entities have one to four words,
//! and the compound names of the test split are mostly unseen in train. A working training scores 0.9 and more.

use super::super::Sentence;
use crate::rng::Draws;

const STEMS: [&str; 18] = [
    "nephr", "hepat", "cardi", "neur", "dermat", "arthr", "gastr", "oste", "my", "encephal", "vascul",
    "thyr", "pancreat", "bronch", "col", "retin", "aden", "lymph",
];
const DISEASE_ENDS: [&str; 6] = ["itis", "osis", "opathy", "oma", "algia", "emia"];
const NEUTRAL_ENDS: [&str; 4] = ["ology", "ocyte", "ogram", "oscopy"];
const QUALIFIERS: [&str; 7] =
    ["chronic", "acute", "hereditary", "juvenile", "recurrent", "diffuse", "early-onset"];
const EPONYMS: [&str; 8] = ["Korvin", "Aldane", "Brusko", "Teyve", "Marrod", "Ostrel", "Quillan", "Veddar"];
const EPONYM_HEADS: [&str; 3] = ["disease", "syndrome", "anomaly"];
const AMBIGUOUS: [&str; 4] = ["shock", "cold", "stroke", "depression"];
const AMBIGUOUS_OUTSIDE: [&str; 4] =
    ["heat shock proteins", "cold storage", "stroke volume", "depression of the plate"];
const DRUG_STEMS: [&str; 12] =
    ["ral", "vor", "tam", "cef", "lis", "pre", "sim", "dol", "ket", "nor", "flu", "ben"];
const DRUG_ENDS: [&str; 6] = ["azole", "ivir", "umab", "ostatin", "idine", "oxacin"];
const GROUPS: [&str; 6] = ["patients", "mice", "carriers", "children", "controls", "families"];
const MEASURES: [&str; 6] =
    ["serum levels", "survival", "gene expression", "body weight", "heart rate", "cell growth"];
const FILLERS: [&str; 6] = [
    "These results were confirmed in a second cohort",
    "No difference was found between the groups",
    "The mutation was absent from all samples",
    "Further work is needed",
    "Samples were stored at room temperature",
    "The locus was mapped to the short arm",
];

/// A sentence while it is written.
struct Writer<'a> {
    draws: &'a mut Draws,
    sentence: Sentence,
}

/// One sentence of the grammar.
pub(super) fn sentence(draws: &mut Draws) -> Sentence {
    let shape = draws.below(10);
    let mut writer =
        Writer { draws, sentence: Sentence { tokens: Vec::new(), tags: Vec::new(), document: None } };
    writer.clause(shape);
    if writer.draws.below(4) == 0 {
        writer.plain("and");
        let shape = writer.draws.below(8);
        writer.clause(shape);
    }
    writer.plain(".");
    writer.sentence
}

impl Writer<'_> {
    fn plain(&mut self, text: &str) {
        for word in text.split(' ') {
            self.sentence.tokens.push(word.into());
            self.sentence.tags.push("O".into());
        }
    }

    fn one_of(&mut self, choices: &[&str]) {
        let text = *self.draws.pick(choices);
        self.plain(text);
    }

    fn entity(&mut self, kind: &str, text: &str) {
        for (at, word) in text.split(' ').enumerate() {
            self.sentence.tokens.push(word.into());
            self.sentence.tags.push(format!("{}-{kind}", if at == 0 { 'B' } else { 'I' }));
        }
    }

    fn clause(&mut self, shape: usize) {
        match shape {
            0 | 1 => {
                self.one_of(&GROUPS);
                self.plain("with");
                self.disease();
                self.plain("were treated with");
                self.chemical();
            }
            2 => {
                self.disease();
                self.one_of(&["was associated with", "is a common cause of", "often follows"]);
                self.disease();
            }
            3 => {
                self.chemical();
                self.one_of(&["reduced", "did not change", "increased"]);
                self.one_of(&MEASURES);
                self.plain("in");
                self.one_of(&GROUPS);
            }
            4 => {
                self.plain("a");
                self.compound(&NEUTRAL_ENDS);
                self.one_of(&["showed no sign of", "was taken to exclude"]);
                self.disease();
            }
            5 => {
                self.one_of(&AMBIGUOUS_OUTSIDE);
                self.one_of(&["was measured in", "differed between"]);
                self.one_of(&GROUPS);
            }
            6 | 7 => {
                self.plain("the risk of");
                self.disease();
                self.plain("rose with");
                self.one_of(&MEASURES);
            }
            _ => self.one_of(&FILLERS),
        }
    }

    fn compound(&mut self, ends: &[&str]) {
        let word = format!("{}{}", self.draws.pick(&STEMS), self.draws.pick(ends));
        self.plain(&word);
    }

    fn disease(&mut self) {
        let stem = *self.draws.pick(&STEMS);
        let end = *self.draws.pick(&DISEASE_ENDS);
        let name = match self.draws.below(5) {
            0 => format!("{} 's {}", self.draws.pick(&EPONYMS), self.draws.pick(&EPONYM_HEADS)),
            1 => (*self.draws.pick(&AMBIGUOUS)).to_owned(),
            2 => format!("{} {stem}{end}", self.draws.pick(&QUALIFIERS)),
            3 => format!(
                "{} {} {stem}{end}",
                self.draws.pick(&QUALIFIERS),
                self.draws.pick(&["bilateral", "familial"])
            ),
            _ => format!("{stem}{end}"),
        };
        self.entity("Disease", &name);
    }

    fn chemical(&mut self) {
        let stems = (self.draws.pick(&DRUG_STEMS), self.draws.pick(&DRUG_STEMS));
        let name = format!("{}{}{}", stems.0, stems.1, self.draws.pick(&DRUG_ENDS));
        self.entity("Chemical", &name);
    }
}
