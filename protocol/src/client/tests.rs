use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use proptest::prelude::*;

use super::route::route;
use super::*;
use crate::error::ErrorCode;

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

/// The URL of a request for something of that name.
fn url_of(name: &str) -> Result<reqwest::Url> {
    let client = Client::new("http://127.0.0.1:1", None);
    let request = client.request(Method::GET, &route!["studies", name, "replay"])?;
    Ok(request.build().unwrap().url().clone())
}

proptest! {
    #[test]
    fn every_name_is_one_segment_of_the_path(name in prop_oneof!["[a/%?#. \\\\]{1,4}", any::<String>()]) {
        let Ok(url) = url_of(&name) else {
            prop_assert!(matches!(name.as_str(), "" | "." | ".."));
            return Ok(());
        };
        let segments: Vec<_> = url.path_segments().unwrap().collect();
        prop_assert_eq!(segments.len(), 5);
        let read = percent_encoding::percent_decode_str(segments[3]).decode_utf8().unwrap();
        prop_assert_eq!(read, name);
        prop_assert_eq!((segments[2], segments[4], url.query(), url.fragment()), ("studies", "replay", None, None));
    }
}

#[test]
fn a_name_that_no_url_carries_is_refused_here() {
    for name in ["", ".", ".."] {
        let error = url_of(name).unwrap_err();
        assert_eq!(error.code(), Some(ErrorCode::NotFound));
        assert_eq!(error.to_string(), format!("there is nothing named {name:?}; give a name"));
    }
}
