//! The type that sums are in.

use candle_core::DType;

/// The type that sums of values of `dtype` are in.
pub(super) fn wide(dtype: DType) -> DType {
    if dtype == DType::F64 { DType::F64 } else { DType::F32 }
}
