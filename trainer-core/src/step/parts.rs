//! How many examples of a batch go through the model at once.

use crate::MicroBatch;

/// The size of a batch's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Parts {
    size: usize,
    may_shrink: bool,
}

impl Parts {
    /// What the job asks for. By the estimate `fitting` examples fit into memory.
    pub(crate) fn new(asked: MicroBatch, fitting: usize) -> Self {
        match asked {
            MicroBatch::Whole => Self { size: usize::MAX, may_shrink: false },
            MicroBatch::Size(size) => Self { size: size.get(), may_shrink: false },
            MicroBatch::Auto => Self { size: fitting.max(1), may_shrink: true },
        }
    }

    /// Examples in each part of a batch of `batch`.
    pub(crate) fn size(self, batch: usize) -> usize {
        self.size.min(batch).max(1)
    }

    /// Halves the parts after memory ran out on a batch of `batch`. `None` where the job forbids it, or a part is a single
    /// example already.
    pub(crate) fn smaller(&mut self, batch: usize) -> Option<usize> {
        let size = self.size(batch);
        if !self.may_shrink || size == 1 {
            return None;
        }
        self.size = size / 2;
        Some(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_auto_shrinks_and_only_down_to_one_window() {
        let mut auto = Parts::new(MicroBatch::Auto, usize::MAX);
        assert_eq!(auto.size(12), 12);
        let sizes: Vec<_> = std::iter::from_fn(|| auto.smaller(12)).collect();
        assert_eq!(sizes, [6, 3, 1]);
        assert_eq!(Parts::new(MicroBatch::Auto, 0).size(8), 1);
        assert_eq!(Parts::new(MicroBatch::Whole, 1).smaller(8), None);
        let three = MicroBatch::Size(std::num::NonZeroUsize::new(3).unwrap());
        assert_eq!(Parts::new(three, 99).size(8), 3);
    }
}
