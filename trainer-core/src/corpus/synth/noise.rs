//! Label noise: what annotators get wrong. Must not know the grammar.

use super::super::Sentence;
use crate::rng::Draws;

/// Spoils the annotation of each entity with a probability of `percent` in a hundred: it is missed, has a wrong boundary, or
/// has a wrong type out of `types`.
pub(super) fn spoil(sentence: &mut Sentence, percent: u8, types: &[&str], draws: &mut Draws) {
    for (start, end) in spans(&sentence.tags) {
        if draws.below(100) < usize::from(percent) {
            match draws.below(3) {
                0 => miss(&mut sentence.tags[start..end]),
                1 => move_end(&mut sentence.tags, start, end),
                _ => rename(&mut sentence.tags[start..end], types, draws),
            }
        }
    }
}

/// First word and end of each entity.
fn spans(tags: &[String]) -> Vec<(usize, usize)> {
    let starts = (0..tags.len()).filter(|&at| tags[at].starts_with("B-"));
    let end = |start: usize| {
        let inside = tags[start + 1..].iter().take_while(|tag| tag.starts_with("I-"));
        start + 1 + inside.count()
    };
    starts.map(|start| (start, end(start))).collect()
}

fn miss(entity: &mut [String]) {
    entity.fill("O".to_owned());
}

/// The last word is left out, or, of an entity of one word, the next word is taken in.
fn move_end(tags: &mut [String], start: usize, end: usize) {
    if end - start > 1 {
        tags[end - 1] = "O".to_owned();
    } else if tags.get(end).is_some_and(|next| next == "O") {
        tags[end] = tags[start].replacen("B-", "I-", 1);
    }
}

fn rename(entity: &mut [String], types: &[&str], draws: &mut Draws) {
    let others: Vec<&&str> = types.iter().filter(|kind| entity[0][2..] != ***kind).collect();
    if others.is_empty() {
        return miss(entity);
    }
    let kind = **draws.pick(&others);
    for tag in entity {
        tag.replace_range(2.., kind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Seeds;

    const TAGS: [&str; 7] = ["O", "B-Drug", "I-Drug", "O", "B-Toxin", "O", "."];

    fn sentence() -> Sentence {
        let tags = TAGS.map(|tag| if tag == "." { "O".to_owned() } else { tag.to_owned() });
        Sentence { tokens: TAGS.map(String::from).to_vec(), tags: tags.to_vec(), document: None }
    }

    #[test]
    fn a_share_of_the_entities_is_spoilt_and_the_tags_stay_whole() {
        let mut draws = Seeds::root(3).draws();
        let (mut changed, mut seen) = (0, std::collections::BTreeSet::new());
        for _ in 0..1000 {
            let mut spoilt = sentence();
            spoil(&mut spoilt, 20, &["Drug", "Toxin"], &mut draws);
            let whole = |at: &usize| {
                let inside = spoilt.tags[*at].strip_prefix("I-");
                inside.is_none_or(|kind| spoilt.tags[at - 1].get(2..) == Some(kind))
            };
            assert!((0..TAGS.len()).all(|at| whole(&at)), "{:?}", spoilt.tags);
            changed += usize::from(spoilt.tags != sentence().tags);
            seen.insert(spoilt.tags.join(" "));
        }
        // Of two entities, one at least is spoilt in 36 of 100 sentences.
        assert!((300..420).contains(&changed), "{changed}");
        for way in ["O O O O B-Toxin O O", "O B-Drug O O B-Toxin O O", "O B-Toxin I-Toxin O B-Toxin O O"] {
            assert!(seen.contains(way), "{way} in {seen:#?}");
        }
        let mut clean = sentence();
        spoil(&mut clean, 0, &["Drug", "Toxin"], &mut draws);
        assert_eq!(clean.tags, sentence().tags);
    }
}
