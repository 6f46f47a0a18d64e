//! The disease flavour: long names with modifiers, some of which belong to them, and terms that are a disease or a finding.

use super::grammar::{Grammar, List, list, partly_unseen};

pub(super) const GRAMMAR: Grammar =
    Grammar { types: &["Disease", "Finding"], templates: TEMPLATES, lists: LISTS, noise: 10 };

const TEMPLATES: &[&str] = &[
    // Diseases
    "{group} {diagnosed} {outside} [Disease {disease} ] {adjunct}",
    "[Disease {disease} ] {is_a_cause} {outcome} in {group}",
    "the {gene} gene is mutated in {outside} [Disease {disease} ]",
    "{family} with [Disease {disease} ] and [Disease {disease} ] were {studied}",
    "[Disease {modifier} {shared} ] was {diagnosed_passive} {adjunct}",
    "{risk} of [Disease {disease} ] {rose} with age",
    "a {model} of [Disease {disease} ] was {studied} {adjunct}",
    // Findings
    "{group} {presented} {outside} [Finding {finding} ] {adjunct}",
    "[Finding {finding} ] was {a_sign} {outside} [Disease {disease} ]",
    "{adjunct} the {first_sign} was [Finding {finding} ]",
    "{group} {complained} [Finding {finding} ] and [Finding {finding} ]",
    // Names and words that are no entity
    "{eponym} and {eponym} {reported} the {gene} locus in {family}",
    "the {abbreviation} protein was {studied} in {organ} {cells}",
    "the {organ_stem}{neutral_end} was {studied} {adjunct}",
    "{ambiguous_outside} {adjunct}",
    "no {term_for_disease} was {diagnosed_passive} in {group}",
    "{group} with the {gene} allele were {studied} {adjunct}",
    "{filler}",
];

const LISTS: &[List] = &[
    list(
        "disease",
        &[
            "{compound}",
            "{modifier} {compound}",
            "{modifier} {organ} {head}",
            "{eponym} {head}",
            "{eponym} {eponym} {head}",
            "{gene} deficiency",
            "{abbreviation}",
            "{organ} {head}",
            "{shared}",
            "{modifier} {compound} of the {organ}",
            "{compound} type {roman}",
        ],
    ),
    list("compound", &["{organ_stem}{disease_end}", "{prefix}{organ_stem}{disease_end}"]),
    list(
        "finding",
        &[
            "{shared}",
            "{shared}",
            "{organ} {complaint}",
            "{modifier} {complaint}",
            "{organ_stem}{finding_end}",
        ],
    ),
    partly_unseen(
        "shared",
        4,
        &[
            "anaemia",
            "jaundice",
            "depression",
            "shock",
            "stroke",
            "cold",
            "oedema",
            "fever",
            "ataxia",
            "epilepsy",
            "asthma",
            "gout",
        ],
    ),
    partly_unseen(
        "organ_stem",
        7,
        &[
            "nephr", "hepat", "cardi", "neur", "dermat", "arthr", "gastr", "oste", "encephal", "vascul",
            "thyr", "pancreat", "bronch", "col", "retin", "aden", "lymph", "myel", "chondr", "splen",
            "kerat",
        ],
    ),
    partly_unseen("disease_end", 2, &["itis", "osis", "opathy", "oma", "oplasia", "odystrophy", "omalacia"]),
    partly_unseen("finding_end", 1, &["algia", "emia", "omegaly", "orrhea"]),
    list("neutral_end", &["ology", "ocyte", "ogram", "oscopy", "ectomy"]),
    list("prefix", &["peri", "endo", "poly", "hemi", "pan", "meningo"]),
    partly_unseen(
        "modifier",
        4,
        &[
            "chronic",
            "hereditary",
            "juvenile",
            "recurrent",
            "diffuse",
            "familial",
            "congenital",
            "bilateral",
            "malignant",
            "infantile",
            "sporadic",
        ],
    ),
    // Modifiers that belong to no name.
    partly_unseen(
        "outside",
        3,
        &["", "", "severe", "suspected", "a mild form of", "untreated", "advanced", "proven"],
    ),
    partly_unseen(
        "eponym",
        4,
        &["Korvin", "Aldane", "Brusko", "Teyve", "Marrod", "Ostrel", "Quillan", "Veddar", "Lindal", "Sorrow"],
    ),
    partly_unseen("head", 2, &["disease", "syndrome", "cancer", "disorder", "anomaly", "dystrophy"]),
    list("roman", &["I", "II", "III", "2"]),
    partly_unseen(
        "organ",
        3,
        &["breast", "kidney", "liver", "muscle", "skin", "lung", "colon", "ovary", "spine"],
    ),
    partly_unseen("complaint", 2, &["pain", "weakness", "swelling", "stiffness", "numbness", "bleeding"]),
    list("gene", &["{letter}{letter}{letter}{digit}", "{letter}{letter}{digit}"]),
    list("abbreviation", &["{letter}{letter}{letter}", "{letter}{letter}"]),
    list("letter", &["A", "B", "C", "D", "F", "G", "H", "M", "N", "P", "R", "S", "T", "W"]),
    list("digit", &["1", "2", "3", "4", "5"]),
    list("group", &["patients", "carriers", "twins", "two boys", "the children", "controls", "her mother"]),
    list("family", &["families", "kindreds", "siblings", "a large pedigree"]),
    list(
        "adjunct",
        &["", "", "in the first year", "at the second visit", "as expected", "in a small series"],
    ),
    partly_unseen(
        "diagnosed",
        2,
        &["had", "were diagnosed with", "were registered with", "died of", "were screened for"],
    ),
    partly_unseen("diagnosed_passive", 1, &["diagnosed", "confirmed", "excluded"]),
    partly_unseen(
        "presented",
        2,
        &["presented with", "came with", "were seen for", "developed", "returned with"],
    ),
    partly_unseen("complained", 1, &["complained of", "reported", "described"]),
    partly_unseen("is_a_cause", 2, &["is a common cause of", "leads to", "often precedes", "explains"]),
    partly_unseen("a_sign", 2, &["a sign of", "the first sign of", "seen in", "attributed to"]),
    partly_unseen("first_sign", 1, &["first sign", "main complaint", "only symptom"]),
    partly_unseen("risk", 1, &["the risk", "the incidence", "the prevalence"]),
    list("rose", &["rose", "fell", "did not change"]),
    list("model", &["mouse model", "cell model", "register"]),
    list("outcome", &["death", "early birth", "long stays", "hearing loss in the elderly"]),
    partly_unseen("studied", 2, &["studied", "examined", "described", "sequenced", "followed"]),
    list("reported", &["reported", "mapped", "described"]),
    list("cells", &["cells", "tissue", "samples"]),
    list("term_for_disease", &["disease", "disorder", "syndrome", "illness"]),
    list(
        "ambiguous_outside",
        &[
            "heat shock proteins were measured",
            "cold storage was used",
            "stroke volume was normal",
            "a depression of the plate was seen",
            "the fever chart was lost",
            "cancer registries were searched",
            "the disease state was coded",
        ],
    ),
    list(
        "filler",
        &[
            "these results were confirmed in a second cohort",
            "no difference was found between the groups",
            "the mutation was absent from all samples",
            "the locus was mapped to the short arm",
            "the syndrome was named later",
            "further work is needed",
        ],
    ),
];
