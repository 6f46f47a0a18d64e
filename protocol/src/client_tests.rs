use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// A server that hangs up on the first request and answers the second.
async fn hangs_up_once(listener: TcpListener) {
    let mut request = [0; 4096];
    let (mut first, _) = listener.accept().await.unwrap();
    let _ = first.read(&mut request).await.unwrap();
    drop(first);
    let (mut second, _) = listener.accept().await.unwrap();
    let _ = second.read(&mut request).await.unwrap();
    second.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
}

#[tokio::test]
async fn only_a_patient_client_asks_again() {
    for (patience, answered) in [(Duration::from_secs(60), true), (Duration::ZERO, false)] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = Client::new(&format!("http://{}", listener.local_addr().unwrap()), None);
        let server = tokio::spawn(hangs_up_once(listener));
        let client = if patience.is_zero() { client } else { client.patient(patience) };
        assert_eq!(client.ready().await.is_ok(), answered);
        server.abort();
    }
}

#[test]
fn a_token_is_not_shown() {
    let client = Client::new("http://127.0.0.1:1", Some("secret".to_owned().into()));
    assert_eq!(format!("{client:?}"), r#"Client { server: "http://127.0.0.1:1", .. }"#);
}
