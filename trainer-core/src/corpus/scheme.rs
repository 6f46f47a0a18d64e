//! Tag schemes: which scheme a file follows, and how its tags become IOB2 without loss.
//!
//! Owns the meaning of prefixes. Must not know files.

use super::Fault;

/// How a file marks entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// `B-` opens every entity, `I-` continues one. The canonical form.
    Iob2,
    /// `I-` opens and continues; `B-` opens only where an entity of the same type ends just before.
    Iob1,
    /// `B-` `I-` `E-` for longer entities, `S-` for single words (also written BIOES).
    Iobes,
    /// `B-` `I-` `L-` for longer entities, `U-` for single words.
    Bilou,
}

impl Scheme {
    /// Its usual name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Iob2 => "IOB2",
            Self::Iob1 => "IOB1",
            Self::Iobes => "IOBES",
            Self::Bilou => "BILOU",
        }
    }
}

/// A tag taken apart; `kind` is the entity type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tag {
    Outside,
    Inside { prefix: char, kind: String },
}

impl Tag {
    /// Reads `O`, `B-Type` and the like; `fallback` is the type of bare `B` / `I` tags.
    pub(super) fn parse(text: &str, fallback: Option<&str>) -> Result<Self, Fault> {
        if text == "O" {
            return Ok(Self::Outside);
        }
        let mut letters = text.chars();
        let prefix = letters.next().filter(|c| "BIESLU".contains(*c));
        let Some(prefix) = prefix else { return Err(Fault::NotATag { tag: text.into() }) };
        let kind = match (letters.as_str(), fallback) {
            ("", Some(kind)) => kind,
            ("", None) => return Err(Fault::BareTag { tag: text.into() }),
            (rest, _) => rest.strip_prefix('-').ok_or_else(|| Fault::NotATag { tag: text.into() })?,
        };
        if kind.is_empty() {
            return Err(Fault::NoType { tag: text.into() });
        }
        Ok(Self::Inside { prefix, kind: kind.into() })
    }

    fn show(&self) -> String {
        match self {
            Self::Outside => "O".into(),
            Self::Inside { prefix, kind } => format!("{prefix}-{kind}"),
        }
    }

    fn kind(&self) -> Option<&str> {
        match self {
            Self::Outside => None,
            Self::Inside { kind, .. } => Some(kind),
        }
    }

    fn prefix(&self) -> char {
        match self {
            Self::Outside => 'O',
            Self::Inside { prefix, .. } => *prefix,
        }
    }
}

/// IOB2 tags of a sentence, and what is wrong with them, by the place in the sentence.
type Converted = (Vec<String>, Vec<(usize, Fault)>);

/// The scheme that a whole file follows, and the IOB2 tags of each sentence. Where no scheme fits all tags, the one that fits
/// most is taken, so that the faults are those of the few.
pub(super) fn converted(sentences: &[&[Tag]]) -> (Scheme, Vec<Converted>) {
    let convert = |scheme| sentences.iter().map(|tags| to_iob2(scheme, tags)).collect::<Vec<_>>();
    let faults = |all: &[Converted]| all.iter().map(|(_, faults)| faults.len()).sum::<usize>();
    candidates(sentences)
        .into_iter()
        .map(|scheme| (scheme, convert(scheme)))
        .min_by_key(|(_, all)| faults(all))
        .unwrap_or((Scheme::Iob2, Vec::new()))
}

/// The schemes that a file may follow, the likeliest first. `E` and `S` mean IOBES, `L` and `U` BILOU. With `B` and `I` the
/// file is IOB1 when more `I-` open an entity than `B-` open one that touches no other of its type; otherwise it is IOB2.
fn candidates(sentences: &[&[Tag]]) -> Vec<Scheme> {
    let has = |letters: &str| sentences.iter().copied().flatten().any(|tag| letters.contains(tag.prefix()));
    let (mut opening_inside, mut needless_begin) = (0, 0);
    for tags in sentences {
        let mut before: Option<&str> = None;
        for tag in *tags {
            let continues = tag.kind().is_some() && tag.kind() == before;
            opening_inside += usize::from(tag.prefix() == 'I' && !continues);
            needless_begin += usize::from(tag.prefix() == 'B' && !continues);
            before = tag.kind();
        }
    }
    let of_two = if opening_inside > needless_begin { Scheme::Iob1 } else { Scheme::Iob2 };
    [(has("ES"), Scheme::Iobes), (has("LU"), Scheme::Bilou), (true, of_two)]
        .into_iter()
        .filter_map(|(is_possible, scheme)| is_possible.then_some(scheme))
        .collect()
}

fn to_iob2(scheme: Scheme, tags: &[Tag]) -> Converted {
    let (mut out, mut faults) = (Vec::with_capacity(tags.len()), Vec::new());
    for (index, tag) in tags.iter().enumerate() {
        let before = index.checked_sub(1).map_or(&Tag::Outside, |at| &tags[at]);
        faults.extend(check(scheme, before, tag, tags.get(index + 1)).err().map(|fault| (index, fault)));
        let Tag::Inside { prefix, kind } = tag else {
            out.push("O".into());
            continue;
        };
        let opens = match scheme {
            Scheme::Iob1 => *prefix == 'B' || before.kind() != Some(kind),
            _ => matches!(prefix, 'B' | 'S' | 'U'),
        };
        out.push(format!("{}-{kind}", if opens { 'B' } else { 'I' }));
    }
    (out, faults)
}

/// Whether `tag` may stand between its neighbours.
fn check(scheme: Scheme, before: &Tag, tag: &Tag, after: Option<&Tag>) -> Result<(), Fault> {
    let (allowed, last, single) = match scheme {
        Scheme::Iob1 | Scheme::Iob2 => ("OBI", ' ', ' '),
        Scheme::Iobes => ("OBIES", 'E', 'S'),
        Scheme::Bilou => ("OBILU", 'L', 'U'),
    };
    let prefix = tag.prefix();
    let name = scheme.name();
    if !allowed.contains(prefix) {
        return Err(Fault::MixedSchemes { tag: tag.show(), scheme: name });
    }
    if scheme == Scheme::Iob1 {
        let is_needless = prefix == 'B' && before.kind() != tag.kind();
        return if is_needless { Err(Fault::NeedlessBegin { tag: tag.show() }) } else { Ok(()) };
    }
    if tag == &Tag::Outside {
        return Ok(());
    }
    let continues = before.kind() == tag.kind() && !matches!(before.prefix(), 'E' | 'S' | 'L' | 'U');
    if (prefix == 'I' || prefix == last) && !continues {
        return Err(Fault::Orphan { tag: tag.show(), before: before.show(), scheme: name });
    }
    let open = scheme != Scheme::Iob2 && prefix != last && prefix != single;
    let closed_by =
        |after: &Tag| after.kind() == tag.kind() && (after.prefix() == 'I' || after.prefix() == last);
    if open && !after.is_some_and(closed_by) {
        let after = after.map_or_else(|| "end of sentence".into(), Tag::show);
        return Err(Fault::Unclosed { tag: tag.show(), after, scheme: name });
    }
    Ok(())
}
