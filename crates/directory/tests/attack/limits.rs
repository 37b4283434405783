//! What is too large, too often, or no message at all.

use axum::body::{Body, Bytes};
use lockstep_model::{BindingId, Code};
use lockstep_protocol::api::MAX_BODY;
use lockstep_protocol::api::device::Proved;
use lockstep_protocol::api::public::{SignInStart, SignInStarted};
use lockstep_protocol::assertion::HEADER;

use crate::computers::{Computer, For};
use crate::people::proof;
use crate::world::{OWNER, OWNERS, World};

const JSON: (&str, &str) = ("content-type", "application/json");

/// A message that is fine but for its length.
fn long(bytes: usize) -> String {
    let (_, request) = proof("a guess");
    let ask = SignInStart {
        user_name: "nobody".into(),
        request,
    };
    padded(&serde_json::to_string(&ask).unwrap(), bytes)
}

fn padded(message: &str, bytes: usize) -> String {
    format!("{message}{}", " ".repeat(bytes - message.len()))
}

/// The same without a length in front.
fn in_pieces(text: String) -> Body {
    let pieces: Vec<_> = text
        .into_bytes()
        .chunks(999)
        .map(Bytes::copy_from_slice)
        .collect();
    let pieces = pieces.into_iter().map(Ok::<_, std::io::Error>);
    Body::from_stream(futures_util::stream::iter(pieces))
}

#[tokio::test]
async fn a_stranger_sends_no_more_than_the_limit() {
    let world = World::new().await;
    for body in [Body::from(long(MAX_BODY)), in_pieces(long(MAX_BODY))] {
        let answer = world.send("POST", "/sign-in/start", &[JSON], body).await;
        answer.said::<SignInStarted>();
    }
    for body in [
        Body::from(long(MAX_BODY + 1)),
        in_pieces(long(MAX_BODY + 1)),
        in_pieces(long(20 * MAX_BODY)),
    ] {
        let answer = world.send("POST", "/sign-in/start", &[JSON], body).await;
        assert_eq!(answer.refusal(), Code::BadRequest);
    }
}

#[tokio::test]
async fn a_computer_sends_no_more_than_the_limit() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let binding = lockstep_model::BindingId::fresh();
    let message = format!(r#"{{"binding":"{binding}"}}"#);
    let answer = computer
        .ask("POST", "/device/unlink", &padded(&message, MAX_BODY))
        .await;
    answer.said::<()>();
    let answer = computer
        .ask("POST", "/device/unlink", &padded(&message, MAX_BODY + 1))
        .await;
    assert_eq!(answer.refusal(), Code::BadRequest);
}

#[tokio::test]
async fn a_stranger_who_sends_garbage_gets_a_problem() {
    let world = World::new().await;
    let nested = "[".repeat(MAX_BODY);
    let ke1 = |request: &str| format!(r#"{{"user_name":"x","request":"{request}"}}"#);
    let garbage: Vec<Vec<u8>> = vec![
        vec![],
        b"null".to_vec(),
        b"{}".to_vec(),
        b"{\"user_name\":".to_vec(),
        vec![0xff; 100],
        nested.into_bytes(),
        ke1("not base64!").into_bytes(),
        ke1("AA").into_bytes(),
        ke1(&"_".repeat(128)).into_bytes(),
        ke1(&"A".repeat(128)).into_bytes(),
    ];
    for body in garbage {
        let text = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let answer = world.send("POST", "/sign-in/start", &[JSON], body).await;
        assert_eq!(answer.refusal(), Code::BadRequest, "{text}");
    }
}

#[tokio::test]
async fn a_stranger_who_sends_garbage_for_a_signature_is_refused() {
    let world = World::new().await;
    let long = "A".repeat(MAX_BODY);
    let dots = ".".repeat(64);
    for assertion in ["", ".", "..", "a.b.c", "bnVsbA.bnVsbA.bnVsbA", &long, &dots] {
        let headers = [(HEADER, assertion)];
        let answer = world.send("GET", "/device/check-in", &headers, "").await;
        assert_eq!(answer.refusal(), Code::DeviceRefused);
    }
}

#[tokio::test]
async fn a_guesser_runs_out_of_starts_and_learns_nobodys_name_by_it() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let mut counts = Vec::new();
    for name in [OWNER, "nobody"] {
        let (_, request) = proof("a guess");
        let ask = SignInStart {
            user_name: name.into(),
            request,
        };
        let mut starts = 0;
        let full = loop {
            let answer = world.post("", "/sign-in/start", &ask).await;
            if !answer.status.is_success() {
                break answer;
            }
            starts += 1;
            assert!(starts < 100);
        };
        assert_eq!(full.refusal(), Code::TooManyAttempts);
        assert!(full.header("retry-after").is_some());
        counts.push(starts);
    }
    assert_eq!(counts[0], counts[1]);
    // The person's own computer still follows.
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    computer.finish(&sync).await.said::<Proved>();
}

#[tokio::test]
async fn a_guesser_at_the_same_computer_keeps_nobody_else_there_from_following() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let (binding, _) = computer.link(OWNER, OWNERS, "u").await;
    let mut begun = 0;
    while starts(&computer, For::Link("nobody"), BindingId::fresh()).await {
        begun += 1;
        assert!(begun < 100);
    }
    let sync = computer.prepare(For::Sync, binding, OWNERS).await;
    computer.finish(&sync).await.said::<Proved>();
    // Who guesses at a linked account is slowed as well.
    while starts(&computer, For::Sync, binding).await {
        begun += 1;
        assert!(begun < 200);
    }
}

/// Whether a proof with a guess may begin.
async fn starts(computer: &Computer<'_>, what: For<'_>, binding: BindingId) -> bool {
    let (answer, ..) = computer.start(what, binding, "a guess").await;
    answer.status.is_success()
}
