//! The encrypted wire as a user meets it: `serve --tls-cert`, and a command line that trusts the certificate.

use std::path::Path;
use std::process::{Command, Output};

use pedigree_tests::{Served, Up, binary};

/// The studies as a user sees them who trusts these certificates.
fn studies(url: &str, trusted: Option<&Path>) -> Output {
    let mut command = Command::new(binary());
    command.args(["study", "list", "--server", url, "--json"]).env_remove("SSL_CERT_DIR");
    match trusted {
        Some(file) => command.env("SSL_CERT_FILE", file),
        None => command.env_remove("SSL_CERT_FILE"),
    };
    command.output().unwrap()
}

#[tokio::test]
async fn a_coordinator_is_reached_by_https_where_its_certificate_is_trusted() {
    let up = Up::start(0, 30).await;
    let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (up.path("cert.pem"), up.path("key.pem"));
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let encrypted = Served::start(&up, "second", |command| {
        command.args(["--anonymous", "viewer"]);
        command.arg("--tls-cert").arg(&certificate).arg("--tls-key").arg(&key);
    });
    assert!(encrypted.url.starts_with("https://"), "{}", encrypted.url);

    let trusted = studies(&encrypted.url, Some(&certificate));
    assert_eq!(String::from_utf8_lossy(&trusted.stdout).trim(), "[]", "{trusted:?}");
    let unknown = studies(&encrypted.url, None);
    assert!(!unknown.status.success(), "{unknown:?}");
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert!(
        said.contains("certificate") && said.contains("SSL_CERT_FILE"),
        "the cause and the way out are named: {said}"
    );

    let swapped = Command::new(binary())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .arg("--tls-cert")
        .arg(&key)
        .arg("--tls-key")
        .arg(&certificate)
        .env("DATABASE_URL", up.database_url())
        .env("PEDIGREE_DATA", up.path("third"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&swapped.stderr);
    assert!(!swapped.status.success() && said.contains("no certificate can be read"), "{said}");
}
