//! Writes one good input for each target into `corpus/TARGET/`, to start from.

use std::fs;
use std::path::Path;

use pedigree_fuzz::pack;
use safetensors::Dtype;
use safetensors::tensor::TensorView;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = root.join("corpus");
    for target in ["conll", "sweep_file", "adapter", "report", "shards", "sentence_piece"] {
        fs::create_dir_all(corpus.join(target))?;
    }
    fs::write(corpus.join("conll/good"), "-DOCSTART-\tO\n\nBreast\tB-Disease\ncancer\tI-Disease\n.\tO\n\nof\tO\n")?;
    for file in fs::read_dir(root.join("../search-spaces"))? {
        let file = file?;
        fs::copy(file.path(), corpus.join("sweep_file").join(file.file_name()))?;
    }
    fs::write(corpus.join("report/good"), REPORT)?;
    fs::write(corpus.join("report/end"), r#"{"kind":"end","end":{"result":"released"},"artifacts":[]}"#)?;
    fs::write(corpus.join("adapter/good"), adapter())?;
    let index = br#"{"weight_map":{"embeddings.word_embeddings.weight":"a.safetensors","x":"b.safetensors"}}"#;
    fs::write(corpus.join("shards/good"), pack([index, b"", b""]))?;
    let model = root.join("../trainer-core/vectors/sentence-piece/spm.model");
    fs::copy(model, corpus.join("sentence_piece/good")).map(drop)
}

const REPORT: &str = r#"{"kind":"report","metrics":{"epoch":1,"step":4,"train_loss":0.5,"dev_loss":0.25,"dev":{
"strict":{"precision":0.5,"recall":0.5,"f1":0.5,"true_positives":1,"false_positives":1,"false_negatives":1},
"conlleval":{"precision":0.5,"recall":0.5,"f1":0.5,"true_positives":1,"false_positives":1,"false_negatives":1}},
"learning_rate":1e-4,"gradient_norm":1.5,"seconds":1.0,"train_seconds":0.5,"sentences_per_second":8.0,
"tokens_per_second":64.0,"padded_tokens_per_second":70.0,"peak_memory_bytes":1048576}}"#;

/// An adapter of rank 2 on queries and values of [`pedigree_fuzz::backbone`].
fn adapter() -> Vec<u8> {
    let config = br#"{"peft_type":"LORA","r":2,"lora_alpha":4,"lora_dropout":0.0,"bias":"none",
"target_modules":["query","value"],"modules_to_save":["classifier"],"base_model_name_or_path":"b"}"#;
    let labels = br#"{"id2label":{"0":"O","1":"B-Disease","2":"I-Disease"},
"label2id":{"O":0,"B-Disease":1,"I-Disease":2},"max_length":16,"stride":4}"#;
    let mut tensors = vec![
        ("base_model.model.classifier.weight".to_owned(), vec![3, 8]),
        ("base_model.model.classifier.bias".to_owned(), vec![3]),
    ];
    for layer in ["query", "value"] {
        let path = format!("base_model.model.bert.encoder.layer.0.attention.self.{layer}");
        tensors.push((format!("{path}.lora_A.weight"), vec![2, 8]));
        tensors.push((format!("{path}.lora_B.weight"), vec![8, 2]));
    }
    let zeros = [0_u8; 4 * 24];
    let view = |shape: Vec<usize>| {
        let bytes = 4 * shape.iter().product::<usize>();
        TensorView::new(Dtype::F32, shape, &zeros[..bytes]).expect("a tensor")
    };
    let views = tensors.into_iter().map(|(name, shape)| (name, view(shape)));
    let weights = safetensors::serialize(views, None).expect("a file of tensors");
    pack([config, labels, &weights])
}
