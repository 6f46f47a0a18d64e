//! The chemical flavour: names of one form that are a drug, a toxin, a marker or nothing, as the words around them tell.

use super::grammar::{Grammar, List, list, partly_unseen};

pub(super) const GRAMMAR: Grammar =
    Grammar { types: &["Drug", "Marker", "Toxin"], templates: TEMPLATES, lists: LISTS, noise: 6 };

const TEMPLATES: &[&str] = &[
    // Drugs
    "{group} were {treated} with [Drug {chemical} ] {adjunct}",
    "{group} who {received} {adjunct} [Drug {chemical} ] {improved}",
    "[Drug {chemical} ] {improved_it} {measure} in {group}",
    "the {dose} of [Drug {chemical} ] was {changed} {adjunct}",
    "{treated_noun} with [Drug {chemical} ] or [Drug {chemical} ] {improved_it} {measure}",
    // Toxins
    "{group} were {exposed} to [Toxin {chemical} ] {adjunct}",
    "{group} who {swallowed} {adjunct} [Toxin {chemical} ] {suffered}",
    "[Toxin {chemical} ] {harmed_it} {measure} in {group}",
    "{exposed_noun} to [Toxin {chemical} ] {harmed_it} {measure}",
    // Markers
    "the {level} of [Marker {chemical} ] was {changed} {adjunct}",
    "{group} had a {changed_adjective} {level} of [Marker {chemical} ]",
    "[Marker {chemical} ] was {measured} in {fluid} of {group}",
    // Names and words that are no entity
    "columns were {washed} with {chemical} {adjunct}",
    "{fluid} was {washed} in {chemical} before it was {measured}",
    "the {enzyme} {improved_it} {measure} {adjunct}",
    "{group} were {treated} with {other_treatment} {adjunct}",
    "{group} were {exposed} to {other_exposure} {adjunct}",
    "the {level} of {other_measure} was {changed} in {group}",
    "{ambiguous_outside} in {group}",
    "{filler}",
];

const LISTS: &[List] = &[
    list(
        "chemical",
        &["{trivial}", "{trivial}", "{trivial}", "{systematic}", "{code}", "{salt}", "{common}"],
    ),
    list("trivial", &["{stem}{stem}{end}", "{stem}{end}"]),
    list("systematic", &["{locant}-{group_prefix}{stem}{end}", "{greek}-{stem}{end}", "{stem}{acid} acid"]),
    list("salt", &["{stem}{end} {anion}", "{metal} {anion}"]),
    list("code", &["{letter}{letter}-{number}", "{letter}{letter}{letter}"]),
    list("enzyme", &["{stem}{stem}ase", "{stem}{end} reductase", "{stem}{end} receptor", "{code} gene"]),
    partly_unseen(
        "common",
        3,
        &["iron", "gold", "ether", "lead", "base", "ginger", "copper", "zinc", "silver"],
    ),
    partly_unseen(
        "stem",
        14,
        &[
            "ral", "vor", "tam", "cef", "lis", "pre", "sim", "dol", "ket", "nor", "flu", "ben", "mor", "pax",
            "tri", "zol", "ver", "qua", "lev", "ras", "fen", "chlo", "metho", "amo", "buta", "carba", "dio",
            "eli", "gli", "halo", "ibu", "keto",
        ],
    ),
    partly_unseen(
        "end",
        4,
        &[
            "azole", "ivir", "ostatin", "idine", "oxacin", "amine", "ane", "ol", "one", "ide", "ine", "ate",
            "umab", "icin", "azepam", "ylene",
        ],
    ),
    list("acid", &["ic", "oic", "ous", "onic"]),
    list("anion", &["chloride", "sulfate", "nitrate", "acetate", "phosphate"]),
    list("metal", &["sodium", "potassium", "calcium", "lithium"]),
    list("group_prefix", &["methyl", "ethyl", "hydroxy", "amino", "fluoro"]),
    list("locant", &["2", "3", "4", "2,4", "1,3"]),
    list("greek", &["alpha", "beta", "gamma"]),
    list("letter", &["A", "B", "C", "D", "G", "K", "L", "M", "P", "R", "S", "T", "V", "X", "Z"]),
    list("number", &["7", "12", "21", "44", "101", "330", "512"]),
    list(
        "group",
        &["patients", "mice", "rats", "volunteers", "workers", "children", "controls", "the second group"],
    ),
    list(
        "adjunct",
        &[
            "",
            "",
            "for two weeks",
            "after a long delay",
            "in a small trial",
            "as planned",
            "at the second visit",
        ],
    ),
    partly_unseen(
        "treated",
        3,
        &["treated", "managed", "started", "dosed", "maintained", "supplied", "helped"],
    ),
    partly_unseen("treated_noun", 1, &["treatment", "therapy", "prophylaxis"]),
    partly_unseen("received", 2, &["received", "took", "were given", "were prescribed", "tolerated"]),
    partly_unseen("improved", 2, &["recovered", "improved", "did well", "went home", "felt better"]),
    partly_unseen("improved_it", 2, &["restored", "improved", "protected", "preserved", "did not change"]),
    partly_unseen("dose", 1, &["dose", "daily dose", "prescription"]),
    partly_unseen("exposed", 2, &["exposed", "subjected", "sensitive", "vulnerable"]),
    partly_unseen("exposed_noun", 1, &["exposure", "contact", "sensitivity"]),
    partly_unseen(
        "swallowed",
        2,
        &["swallowed", "inhaled", "were poisoned by", "drank", "had come into contact with"],
    ),
    partly_unseen("suffered", 2, &["died", "fell ill", "lost weight", "collapsed", "needed care"]),
    partly_unseen("harmed_it", 2, &["impaired", "damaged", "destroyed", "did not change", "worsened"]),
    partly_unseen("level", 2, &["level", "concentration", "titre", "content", "amount"]),
    partly_unseen("changed", 2, &["raised", "lowered", "doubled", "unchanged", "halved"]),
    partly_unseen("changed_adjective", 1, &["high", "low", "stable"]),
    partly_unseen("measured", 2, &["measured", "found", "assayed", "detected", "quantified"]),
    partly_unseen("washed", 2, &["washed", "rinsed", "stored", "cleaned", "equilibrated"]),
    list("fluid", &["serum", "urine", "plasma", "tissue", "saliva"]),
    list(
        "measure",
        &["liver function", "survival", "gene expression", "body weight", "heart rate", "cell growth"],
    ),
    list("other_treatment", &["rest and fluids", "surgery", "a brace", "a second course", "the usual care"]),
    list("other_exposure", &["noise", "cold air", "bright light", "stress", "the second test"]),
    list("other_measure", &["cells in the sample", "evidence", "pain", "activity", "error"]),
    list(
        "ambiguous_outside",
        &[
            "the lead of the second group was lost",
            "the base of the skull was normal",
            "a gold standard was missing",
            "an iron will was reported",
            "the silver lining was small",
        ],
    ),
    list(
        "filler",
        &[
            "these results were confirmed in a second cohort",
            "no difference was found between the groups",
            "further work is needed",
            "samples were stored at room temperature",
            "all of them gave their consent",
            "two of the authors read the slides",
        ],
    ),
];
