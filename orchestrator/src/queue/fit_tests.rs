use pedigree_protocol::fleet::DeviceKind;
use pedigree_protocol::resources::Resources;
use serde_json::json;
use sqlx::PgPool;

use crate::queue::fit::{Demand, Offer, misses};

const GIB: i64 = 1 << 30;

struct Case {
    asked: Resources,
    offer: Offer,
    misses: Vec<Demand>,
}

fn asked(gpu_model: Option<&str>, min_memory_gib: Option<u32>, walltime_s: Option<u32>) -> Resources {
    Resources { gpu_model: gpu_model.map(str::to_owned), min_memory_gib, walltime_s }
}

fn gpu(name: &str, gib: i64, remaining_s: Option<f64>) -> Offer {
    Offer { kind: DeviceKind::Gpu, name: name.into(), memory_bytes: gib * GIB, remaining_s }
}

/// Every demand met, just met, just missed, unknown, and several at once.
fn table() -> Vec<Case> {
    use Demand::{GpuModel, MinMemory, Walltime};
    let a100 = || gpu("NVIDIA A100-SXM4-80GB", 80, None);
    let cpu =
        || Offer { kind: DeviceKind::Cpu, name: "A100 of paper".into(), memory_bytes: 0, remaining_s: None };
    let ending = |seconds| gpu("NVIDIA A100-SXM4-80GB", 80, Some(seconds));
    let row = |asked, offer, misses: &[Demand]| Case { asked, offer, misses: misses.to_vec() };
    vec![
        row(asked(None, None, None), a100(), &[]),
        row(asked(None, None, None), cpu(), &[]),
        row(asked(Some("a100"), None, None), a100(), &[]),
        row(asked(Some("H100"), None, None), a100(), &[GpuModel]),
        row(asked(Some("a100"), None, None), cpu(), &[GpuModel]),
        row(asked(None, Some(80), None), a100(), &[]),
        row(asked(None, Some(81), None), a100(), &[MinMemory]),
        row(asked(None, Some(1), None), cpu(), &[MinMemory]),
        row(asked(None, None, Some(3_600)), a100(), &[]),
        row(asked(None, None, Some(3_600)), ending(3_700.0), &[]),
        row(asked(None, None, Some(3_600)), ending(3_500.0), &[Walltime]),
        row(asked(None, None, Some(3_600)), ending(-5.0), &[Walltime]),
        row(asked(Some("l4"), Some(96), Some(60)), ending(1.0), &[GpuModel, MinMemory, Walltime]),
    ]
}

/// The same question to the claim statement's function.
async fn fits(pool: &PgPool, asked: &Resources, offer: &Offer) -> bool {
    let kind = if offer.kind == DeviceKind::Gpu { "gpu" } else { "cpu" };
    let entry = json!({ "gpu_model": asked.gpu_model, "min_memory_bytes": asked.min_memory_bytes(),
        "walltime_s": asked.walltime_s });
    let memory_bytes = (offer.memory_bytes > 0).then_some(offer.memory_bytes);
    let device = json!({ "kind": kind, "name": offer.name, "memory_bytes": memory_bytes });
    let fits = sqlx::query_scalar(
        "SELECT device_fits(jsonb_populate_record(NULL::queue, $1), jsonb_populate_record(NULL::devices, $2),
             jsonb_populate_record(NULL::workers,
                 jsonb_build_object('available_until', now() + make_interval(secs => $3))))",
    );
    fits.bind(entry).bind(device).bind(offer.remaining_s).fetch_one(pool).await.unwrap()
}

#[sqlx::test(migrator = "crate::db::MIGRATOR")]
async fn the_sentence_and_the_statement_have_one_law_of_fit(pool: PgPool) {
    for Case { asked, offer, misses: expected } in table() {
        let case = format!("{asked:?} of {offer:?}");
        assert_eq!(misses(&asked, &offer).into_iter().collect::<Vec<_>>(), expected, "{case}");
        assert_eq!(fits(&pool, &asked, &offer).await, expected.is_empty(), "{case}");
    }
}
