//! The settings of DeBERTa's disentangled attention (He et al. 2021, section 3; buckets as in DeBERTa v2 and v3).

use serde::Deserialize;

/// What of `config.json` describes relative positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relative {
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
    pub(super) fn checked(&self, max_position_embeddings: usize) -> Result<Relative, String> {
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
        Ok(Relative {
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

impl Relative {
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
