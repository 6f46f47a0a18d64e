//! The encrypted wire as a user meets it: `serve --tls-cert`, and a command line that trusts the certificate.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use pedigree_tests::{Up, binary};

/// A second coordinator on the database of `up`, reached by https.
struct Encrypted {
    url: String,
    child: Child,
}

impl Encrypted {
    fn start(up: &Up, certificate: &Path, key: &Path) -> Self {
        let mut command = Command::new(binary());
        command.args(["serve", "--listen", "127.0.0.1:0", "--json", "--anonymous", "viewer"]);
        command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
        command.env("DATABASE_URL", up.database_url()).env("PEDIGREE_DATA", up.path("second"));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut document = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        while !document.trim_end().ends_with('}') {
            assert!(stdout.read_line(&mut document).unwrap() > 0, "it ended without saying where it listens");
        }
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        Self { url: document["url"].as_str().unwrap().to_owned(), child }
    }

    fn studies(&self, trusted: Option<&Path>) -> Output {
        let mut command = Command::new(binary());
        command.args(["study", "list", "--server", &self.url, "--json"]).env_remove("SSL_CERT_DIR");
        match trusted {
            Some(file) => command.env("SSL_CERT_FILE", file),
            None => command.env_remove("SSL_CERT_FILE"),
        };
        command.output().unwrap()
    }
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_coordinator_is_reached_by_https_where_its_certificate_is_trusted() {
    let up = Up::start(0, 30).await;
    let pair = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (up.path("cert.pem"), up.path("key.pem"));
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let encrypted = Encrypted::start(&up, &certificate, &key);
    assert!(encrypted.url.starts_with("https://"), "{}", encrypted.url);

    let trusted = encrypted.studies(Some(&certificate));
    assert_eq!(String::from_utf8_lossy(&trusted.stdout).trim(), "[]", "{trusted:?}");
    let unknown = encrypted.studies(None);
    assert!(!unknown.status.success(), "{unknown:?}");
    let said = String::from_utf8_lossy(&unknown.stderr);
    assert!(said.contains("certificate"), "the cause is named: {said}");

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
