//! The settings of DeBERTa's disentangled attention (He et al. 2021, section 3; buckets as in DeBERTa v2 and v3).

use serde::Deserialize;

/// The keys of `config.json` that describe relative positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RelativeSettings {
    /// Log buckets for distances; `None`: each distance has its own embedding.
    pub(crate) buckets: Option<usize>,
    /// Distances from here on share an embedding.
    pub(crate) longest: usize,
    /// `norm_rel_ebd: layer_norm`: the embeddings are normed once, for all layers.
    pub(crate) normed: bool,
    /// Content attends to position.
    pub(crate) c2p: bool,
    /// Position attends to content.
    pub(crate) p2c: bool,
}

/// The keys as they stand in the file, with the defaults of transformers.
#[derive(Deserialize)]
pub(super) struct RelativeFile {
    #[serde(default)]
    relative_attention: bool,
    position_biased_input: Option<bool>,
    pos_att_type: Option<Attention>,
    #[serde(default)]
    share_att_key: bool,
    position_buckets: Option<i64>,
    max_relative_positions: Option<i64>,
    norm_rel_ebd: Option<String>,
    conv_kernel_size: Option<usize>,
    attention_head_size: Option<usize>,
}

/// `"p2c|c2p"` in published files, a list in files that transformers wrote.
#[derive(Deserialize)]
#[serde(untagged)]
enum Attention {
    Joined(String),
    List(Vec<String>),
}

impl Attention {
    fn parts(&self) -> Vec<String> {
        let parts: Vec<&str> = match self {
            Self::Joined(text) => text.split('|').collect(),
            Self::List(list) => list.iter().map(String::as_str).collect(),
        };
        parts.into_iter().map(|part| part.trim().to_lowercase()).filter(|part| !part.is_empty()).collect()
    }
}

impl RelativeFile {
    pub(super) fn checked(&self, max_position_embeddings: usize) -> Result<RelativeSettings, String> {
        self.refuse()?;
        let positive = |value: Option<i64>| value.and_then(|n| usize::try_from(n).ok()).filter(|&n| n > 0);
        let parts = self.pos_att_type.as_ref().map(Attention::parts).unwrap_or_default();
        if parts.is_empty() || parts.iter().any(|part| part != "c2p" && part != "p2c") {
            return Err(format!("pos_att_type {} is not implemented; write \"p2c|c2p\"", parts.join("|")));
        }
        let buckets = positive(self.position_buckets);
        if buckets.is_some_and(|buckets| buckets < 4) {
            return Err("position_buckets must be at least 4, or -1 for none".into());
        }
        let norms = self.norm_rel_ebd.as_deref().unwrap_or("none").to_lowercase();
        let known = |norm: &str| matches!(norm.trim(), "none" | "layer_norm");
        if !norms.split('|').all(known) {
            return Err(format!(
                "norm_rel_ebd {norms:?} is not implemented; \"layer_norm\" and \"none\" are"
            ));
        }
        Ok(RelativeSettings {
            buckets,
            longest: positive(self.max_relative_positions).unwrap_or(max_position_embeddings),
            normed: norms.contains("layer_norm"),
            c2p: parts.iter().any(|part| part == "c2p"),
            p2c: parts.iter().any(|part| part == "p2c"),
        })
    }

    fn refuse(&self) -> Result<(), String> {
        let refused = [
            (!self.relative_attention, "relative_attention must be true"),
            (
                self.position_biased_input.unwrap_or(true),
                "position_biased_input must be false (no absolute positions)",
            ),
            (!self.share_att_key, "share_att_key must be true"),
            (
                self.conv_kernel_size.unwrap_or(0) > 0,
                "conv_kernel_size: the convolution beside the first layer (DeBERTa-v2-xlarge) is not implemented; \
                 DeBERTa-v3 has none",
            ),
            (
                self.attention_head_size.is_some(),
                "attention_head_size must be hidden_size / num_attention_heads",
            ),
        ];
        refused.iter().find(|(wrong, _)| *wrong).map_or(Ok(()), |(_, problem)| Err((*problem).into()))
    }
}

impl RelativeSettings {
    /// Distances in either direction that have embeddings of their own: there are twice as many rows.
    pub(crate) fn span(self) -> usize {
        self.buckets.unwrap_or(self.longest)
    }

    /// Row of the embedding of `distance` (position of the query less that of the key).
    pub(crate) fn row(self, distance: i64) -> usize {
        let span = self.span() as i64;
        let bucket = self.buckets.map_or(distance, |buckets| log_bucket(distance, buckets, self.longest));
        (bucket + span).clamp(0, 2 * span - 1) as usize
    }
}

/// Distances up to half the buckets keep their own bucket, longer ones share buckets that widen logarithmically up to
/// `longest`. In f32, in the order of operations of transformers: a last-bit difference may move a bucket's edge.
fn log_bucket(distance: i64, buckets: usize, longest: usize) -> i64 {
    let middle = (buckets / 2) as i64;
    let size = distance.abs();
    if size <= middle {
        return distance;
    }
    let ratio = (size as f32 / middle as f32).ln() / (((longest as f64 - 1.0) / middle as f64) as f32).ln();
    let bucket = (ratio * (middle - 1) as f32).ceil() as i64 + middle;
    bucket * distance.signum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distances at which the bucket changes, from `make_log_bucket_position` of transformers 5.23.
    #[test]
    fn buckets_are_those_of_transformers() {
        let edges = |buckets, longest: usize, from: i64| -> Vec<i64> {
            let bucket = |distance| log_bucket(distance, buckets, longest);
            assert!((0..longest as i64).all(|distance| bucket(distance) == -bucket(-distance)));
            (from..longest as i64).filter(|&distance| bucket(distance) != bucket(distance - 1)).collect()
        };
        assert_eq!(edges(8, 64, 1), [1, 2, 3, 4, 5, 11, 26]);
        assert_eq!(edges(32, 128, 25), [25, 28, 32, 37, 43, 49, 56, 64, 74, 84, 97, 111]);
        assert_eq!(edges(12, 40, 1), [1, 2, 3, 4, 5, 6, 7, 9, 13, 19, 27]);
        assert_eq!(edges(7, 50, 1), [1, 2, 3, 4, 13]);
        assert_eq!(edges(256, 512, 449), [449, 454, 459, 464, 469, 474, 479, 484, 490, 495, 500, 506]);
        assert_eq!(edges(256, 1024, 974), [974, 991, 1007]);
        assert_eq!([511, 300, 128, 127].map(|distance| log_bucket(distance, 256, 512)), [255, 207, 128, 127]);
    }

    #[test]
    fn settings_that_are_not_computed_are_refused_in_a_sentence() {
        let of = |change: &str| {
            let mut file = serde_json::json!({
                "relative_attention": true, "position_biased_input": false, "pos_att_type": "p2c|c2p",
                "share_att_key": true, "position_buckets": 256, "norm_rel_ebd": "layer_norm",
            });
            let change: serde_json::Map<String, serde_json::Value> = serde_json::from_str(change).unwrap();
            file.as_object_mut().unwrap().extend(change);
            serde_json::from_value::<RelativeFile>(file).unwrap().checked(512)
        };
        let plain = of("{}").unwrap();
        assert_eq!(
            (plain.span(), plain.longest, plain.normed, plain.c2p, plain.p2c),
            (256, 512, true, true, true)
        );
        let listed = of(r#"{"pos_att_type": ["c2p"], "position_buckets": -1}"#).unwrap();
        assert_eq!((listed.span(), listed.c2p, listed.p2c), (512, true, false));
        assert_eq!((listed.row(-600), listed.row(0), listed.row(3), listed.row(600)), (0, 512, 515, 1023));
        assert!(
            of(r#"{"conv_kernel_size": 3}"#).unwrap_err().starts_with("conv_kernel_size: the convolution")
        );
        assert_eq!(of(r#"{"share_att_key": false}"#).unwrap_err(), "share_att_key must be true");
        assert!(of(r#"{"pos_att_type": "p2p"}"#).unwrap_err().contains("p2p is not implemented"));
        assert!(of(r#"{"position_biased_input": true}"#).unwrap_err().contains("no absolute positions"));
    }
}
