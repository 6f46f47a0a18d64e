//! The model card of an adapter.

use super::content::Adapter;
use crate::LoraTargets;

pub(super) fn card(adapter: &Adapter<'_>) -> String {
    let params = &adapter.job.params;
    let count = adapter.labels.tags().len();
    format!(
        "---\nlibrary_name: peft\npipeline_tag: token-classification\nbase_model: {base}\ntags:\n- lora\n\
         - named-entity-recognition\nner_labels: {labels:?}\n---\n\n\
         # {title} for named-entity recognition\n\n\
         Trained by Pedigree on top of `{base}`. Entity types: {types}.\n\n\
         | | |\n|---|---|\n{trained}\
         | learning rate, batch, seed | {rate}, {batch}, {seed} |\n| best epoch | {epoch} |\n\
         | dev F1, strict | {strict:.4} |\n| dev F1, conlleval | {conlleval:.4} |\n\n\
         ## Loading\n\n```python\nimport json\nfrom transformers import AutoModelForTokenClassification\n\
         from peft import PeftModel\n\nlabels = json.load(open(\"ner_labels.json\"))\n\
         base = AutoModelForTokenClassification.from_pretrained(BACKBONE, num_labels={count})\n{start}\
         model = PeftModel.from_pretrained(base, ADAPTER)\n```\n\n\
         `AutoPeftModelForTokenClassification.from_pretrained(ADAPTER, num_labels={count})` works too; without\n\
         `num_labels` it fails on the classifier's size, because a plain backbone's configuration has two labels.\n\
         `pedigree export --adapter ADAPTER --backbone BACKBONE --merged --out DIR` makes a model of it that\n\
         `transformers.pipeline(\"token-classification\", DIR)` loads without PEFT.\n\
         The first piece of a word carries its tag; tags are IOB2, by id in `ner_labels.json`.\n",
        start = if adapter.start.is_some() {
            "# The training started from an adapter of domain-adaptive pretraining; merge it first.\n\
             base = PeftModel.from_pretrained(base, f\"{ADAPTER}/dapt\").merge_and_unload()\n"
        } else {
            ""
        },
        base = adapter.job.setup.backbone_name(),
        labels = adapter.labels.tags(),
        types = adapter.labels.types().join(", "),
        title = if params.lora_targets == LoraTargets::None { "Classification head" } else { "LoRA adapter" },
        trained = trained(adapter),
        rate = params.learning_rate,
        batch = params.batch_size,
        seed = adapter.job.setup.seed,
        epoch = adapter.best_epoch,
        strict = adapter.dev.strict.f1,
        conlleval = adapter.dev.conlleval.f1,
    )
}

/// The rows on what was trained.
fn trained(adapter: &Adapter<'_>) -> String {
    let params = &adapter.job.params;
    match params.lora_targets {
        LoraTargets::None => {
            "| trained | the classification head; the encoder is the backbone's |\n".to_owned()
        }
        targets => format!(
            "| rank, alpha, dropout | {}, {}, {} |\n| target modules | {} |\n",
            params.lora_r,
            params.lora_alpha,
            params.lora_dropout,
            adapter.family.modules(targets).join(", ")
        ),
    }
}
