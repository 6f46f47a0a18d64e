//! `--json`: one document on stdout and nothing else there, for every command; bad input gets a sentence.

use pedigree_tests::{Up, tiny_study, workspace_root};

#[tokio::test]
async fn every_command_prints_one_document() {
    let up = Up::start(1, 5).await;
    let sweep = tiny_study(&up, |text| {
        text.replace("trials: 4", "trials: 2").replace("max_epochs: 12", "max_epochs: 2")
    });
    let sweep = sweep.to_str().unwrap();
    let names = ["--dataset", "synthetic", "--backbone", "tiny"];
    up.json(&["data", "list"]);
    let dataset = up.json(&["data", "show", "synthetic"]);
    assert_eq!(dataset["spec"]["synthetic"], true, "synthetic data is labelled: {dataset}");
    up.json(&["backbone", "list"]);
    up.json(&["backbone", "show", "tiny"]);
    up.json(&["sweep", "schema"]);
    up.json(&[&["sweep", "validate", sweep], &names[..]].concat());
    let grid = workspace_root().join("search-spaces/openmed-grid.yaml");
    up.json(&["grid", "schema"]);
    let plan = up.json(&["grid", "plan", grid.to_str().unwrap(), "--gpus", "4"]);
    assert_eq!(plan["counts"]["trials"], 1_320, "{plan}");
    let study = up.json(&[&["sweep", "run", sweep], &names[..]].concat());
    assert_eq!(study["study"]["state"], "completed", "{study}");
    up.json(&["study", "list"]);
    up.json(&["study", "show", "tiny"]);
    up.json(&["study", "watch", "tiny"]);
    let listed = up.json(&["trial", "list", "tiny"]);
    let runs = listed.as_array().unwrap();
    let best_first = runs[0]["value"].as_f64().unwrap() >= runs[1]["value"].as_f64().unwrap();
    let kinds: Vec<_> = runs[2..].iter().map(|run| run["kind"].as_str().unwrap()).collect();
    assert!(best_first && kinds == ["final", "test"], "{listed}");
    assert_eq!(up.json(&["trial", "list", "tiny", "--limit", "2"]).as_array().unwrap(), &runs[..2]);
    let newest = up.json(&["trial", "show", "tiny", "1"]);
    assert_eq!(newest["work"]["reports"].as_array().unwrap().len(), 2, "{newest}");
    assert_eq!(up.json(&["trial", "show", "tiny", "1", "--attempt", "1"]), newest);
    assert_eq!(up.cli(&["trial", "show", "tiny", "1", "--attempt", "2"]).status.code(), Some(1));
    up.json(&["trial", "show", "tiny", "final"]);
    let tested = up.json(&["trial", "show", "tiny", "test"]);
    assert_eq!(tested["work"]["summary"]["results"].as_array().unwrap().len(), 1, "{tested}");
    up.json(&["trial", "logs", "tiny", "1"]);
    up.json(&["worker", "list"]);
    up.json(&["gpu", "list"]);
    let made = up.json(&["token", "create", "reader", "--role", "viewer"]);
    assert!(made["secret"].as_str().is_some_and(|text| text.starts_with("pdg_")), "{made}");
    assert!(!up.json(&["token", "list"]).to_string().contains("pdg_"), "a list shows no token's text");
    up.json(&["token", "revoke", "reader"]);
    assert!(up.json(&["login"])["url"].as_str().is_some_and(|url| url.contains("/login?code=")));
    up.json(&[&["sweep", "run", sweep, "--name", "other", "--detach"], &names[..]].concat());
    let cancelled = up.json(&["study", "cancel", "other"]);
    assert!(cancelled.to_string().contains("cancelled"), "{cancelled}");
}

#[tokio::test]
async fn bad_input_gets_a_sentence_with_its_place() {
    let up = Up::start(1, 5).await;
    let sweep = tiny_study(&up, |text| text.replace("learning_rate:", "learning_rat:"));
    let fails = |arguments: &[&str]| {
        let output = up.cli(arguments);
        assert!(!output.status.success(), "pedigree {arguments:?} succeeded");
        String::from_utf8(output.stderr).unwrap()
    };
    let says = fails(&["sweep", "validate", sweep.to_str().unwrap()]);
    assert!(says.contains("tiny.yaml:9:3") && says.contains("learning_rate"), "{says}");

    let grid = workspace_root().join("search-spaces/openmed-grid.yaml");
    let says = fails(&["grid", "validate", grid.to_str().unwrap()]);
    let place = says.contains("openmed-grid.yaml:") && says.contains("datasets[0]");
    assert!(
        place && says.contains("bc4chemd") && says.contains("synthetic"),
        "names the registered ones: {says}"
    );

    let file = workspace_root().join("search-spaces/quickstart.yaml");
    let quickstart = file.to_str().unwrap();
    let says = fails(&["sweep", "run", quickstart, "--dataset", "nowhere", "--backbone", "tiny"]);
    assert!(says.contains("nowhere") && says.contains("synthetic"), "names the registered ones: {says}");

    let broken = up.path("broken.conll");
    std::fs::write(&broken, "good\tO\n\nalone\n").unwrap();
    let broken = broken.to_str().unwrap();
    let says = fails(&["data", "add", "broken", "--train", broken, "--dev", broken, "--test", broken]);
    assert!(says.contains("broken.conll:3") && says.contains("alone"), "{says}");

    let says = fails(&["backbone", "add", "nothing", up.path("nothing").to_str().unwrap()]);
    assert!(says.contains("nothing"), "{says}");
    let says = fails(&["study", "show", "nothing"]);
    assert!(says.contains("nothing"), "{says}");
}
