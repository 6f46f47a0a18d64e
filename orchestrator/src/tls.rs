//! TLS: a listener with a certificate and a key from two files.
//!
//! Owns reading the files, once, at the start: a renewed certificate is used after a restart. Must not know which
//! protocol is spoken inside.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tls_listener::TlsListener;
use tls_listener::rustls::TlsAcceptor;
use tokio::net::TcpListener;

use crate::config::TlsFiles;

/// How long a caller may take for the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Accepts callers after their handshake.
pub(crate) type Encrypted = TlsListener<TcpListener, TlsAcceptor>;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is absent or is not PEM.
    #[error("{}: no {what} can be read: a PEM file with one is wanted", .file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not belong together, or TLS does not know their kind.
    #[error("the certificate in {} and the key in {} cannot be used together", .0.certificate.display(), .0.key.display())]
    Pair(TlsFiles, #[source] rustls::Error),
}

/// Reads the two files.
///
/// # Errors
/// When one cannot be read, or they do not fit each other.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let chain = chain(&files.certificate).map_err(unreadable(&files.certificate, "certificate"))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable(&files.key, "private key"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, key));
    let mut config = config.map_err(|source| TlsError::Pair(files.clone(), source))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, rustls::pki_types::pem::Error> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(file)?.collect::<Result<_, _>>()?;
    if chain.is_empty() { Err(rustls::pki_types::pem::Error::NoItemsFound) } else { Ok(chain) }
}

fn unreadable(file: &Path, what: &'static str) -> impl FnOnce(rustls::pki_types::pem::Error) -> TlsError {
    let file = file.to_owned();
    move |source| TlsError::Pem { file, what, source }
}

/// Does several handshakes at a time, so that a slow caller holds up nobody.
pub(crate) fn listener(acceptor: TlsAcceptor, listener: TcpListener) -> Encrypted {
    tls_listener::builder(acceptor).handshake_timeout(HANDSHAKE).listen(listener)
}
