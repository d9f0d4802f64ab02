//! What is too much is refused in a clear word, and does no harm to others.

use api::limits::{AtOnce, MAX_HEADERS};
use api::{Client, ClientError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::town::{Town, run};

/// Sends bytes as they are, and hears the answer until the line is closed.
async fn talk(town: &Town, bytes: &[u8]) -> String {
    let mut line = TcpStream::connect(town.address).await.unwrap();
    line.write_all(bytes).await.unwrap();
    let mut heard = Vec::new();
    line.read_to_end(&mut heard).await.unwrap();
    String::from_utf8(heard).unwrap()
}

#[test]
fn too_many_requests_are_told_when_to_come_again() {
    run(async {
        let town = Town::with_limits(AtOnce { connections: 8, requests: 0 }).await;
        let ask = b"POST /v1/query HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let heard = talk(&town, ask).await;
        assert!(heard.starts_with("HTTP/1.1 503 "), "{heard}");
        assert!(heard.contains("retry-after: 1\r\n"), "{heard}");
        assert!(heard.contains(r#"{"error":"busy","#), "{heard}");
        assert!(town.client.health().await.is_ok(), "whoever looks after it gets in");
    });
}

#[test]
fn too_many_connections_are_told_so() {
    run(async {
        let town = Town::with_limits(AtOnce { connections: 1, requests: 8 }).await;
        town.client.health().await.unwrap();
        let second = Client::new(town.address, None);
        match second.health().await.unwrap_err() {
            ClientError::Refused { word, .. } => assert_eq!(word, "busy"),
            other => panic!("{other}"),
        }
        assert!(town.client.health().await.is_ok(), "the first goes on");
    });
}

#[test]
fn heads_have_a_size() {
    run(async {
        let town = Town::empty().await;
        let long = format!("GET /health HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(20_000));
        let heard = talk(&town, long.as_bytes()).await;
        assert!(heard.starts_with("HTTP/1.1 431 "), "{heard}");
        let many = "x: y\r\n".repeat(MAX_HEADERS + 1);
        let heard = talk(&town, format!("GET /health HTTP/1.1\r\n{many}\r\n").as_bytes()).await;
        assert!(heard.starts_with("HTTP/1.1 431 "), "{heard}");
        let heard = talk(&town, b"\x16\x03\x01 this is no HTTP\r\n\r\n").await;
        assert!(heard.starts_with("HTTP/1.1 400 "), "{heard}");
        assert!(town.client.health().await.is_ok());
    });
}

#[test]
fn a_body_without_a_length_has_a_size_too() {
    run(async {
        let town = Town::empty().await;
        let mut ask = b"POST /v1/query HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                        transfer-encoding: chunked\r\n\r\n"
            .to_vec();
        for _ in 0..5 {
            ask.extend(format!("{:x}\r\n{}\r\n", 60_000, "x".repeat(60_000)).as_bytes());
        }
        let mut line = TcpStream::connect(town.address).await.unwrap();
        // It may hang up before it has heard all of it.
        let _ = line.write_all(&ask).await;
        let mut heard = vec![0; 20];
        line.read_exact(&mut heard).await.unwrap();
        assert!(heard.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&heard));
        assert!(town.client.health().await.is_ok());
    });
}
