//! What the log of a whole run does not hold, at its most talkative.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::Write;
use std::sync::{Arc, Mutex};

use lockstep_protocol::api::public::SignInStart;
use tracing_subscriber::filter::LevelFilter;

#[path = "keep/cast.rs"]
#[expect(dead_code, reason = "one test uses a part of it")]
mod cast;
#[path = "attack/computers.rs"]
#[expect(dead_code, reason = "one test uses a part of it")]
mod computers;
#[path = "attack/people.rs"]
#[expect(dead_code, reason = "one test uses a part of it")]
mod people;
#[path = "attack/world.rs"]
#[expect(dead_code, reason = "one test uses a part of it")]
mod world;

use cast::{BEAS_SECOND, Cast};
use people::{BEA, CARL, proof};
use world::{OWNERS, World};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_and_no_strangers_words_are_in_the_log_of_a_whole_run() {
    let log = Log::default();
    let into = log.clone();
    // For the whole process: the database works on threads of its own.
    tracing_subscriber::fmt()
        .json()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || into.clone())
        .init();
    let world = World::new().await;
    let cast = Cast::play(&world).await;

    // What people type into the wrong field, and what strangers send.
    let mistyped = "my own Secret Words 1";
    let (_, request) = proof(mistyped);
    let ask = SignInStart {
        user_name: mistyped.into(),
        request,
    };
    world.post("", "/sign-in/start", &ask).await;
    let stray = [
        ("content-type", "application/json"),
        ("x-request-id", "strays own id"),
    ];
    world
        .send(
            "POST",
            "/sign-in/start",
            &stray,
            "{\"user_name\": \"stray words\", ",
        )
        .await;
    world
        .send("GET", "/admin/stray%20path?q=stray-query", &stray, "")
        .await;
    let guess = [("authorization", "Bearer stray-session")];
    world.send("GET", "/me", &guess, "").await;

    let written = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lower = written.to_lowercase();
    assert!(
        lower.contains("\"route\":\"/api/v1/sign-in/start\""),
        "nothing was logged"
    );
    assert!(
        lower.contains("insert into audit"),
        "the database's threads were not heard"
    );
    let keys = std::fs::read_to_string(world.folder.path().join("data/directory.key")).unwrap();
    let keys = keys.lines().filter_map(|line| line.split('"').nth(1));
    let typed = [OWNERS, BEA, CARL, BEAS_SECOND, mistyped].map(str::to_owned);
    let tokens = [
        &world.owner,
        &cast.session,
        &cast.invitation,
        &cast.enrolment,
    ];
    let strays = [
        "stray words",
        "stray%20path",
        "stray-query",
        "stray-session",
        "strays own id",
    ];
    let secrets = typed
        .into_iter()
        .chain(tokens.map(Clone::clone))
        .chain(strays.map(str::to_owned))
        .chain(keys.map(str::to_owned))
        .chain([cast.key.encode()]);
    let mut looked_for = 0;
    for secret in secrets {
        looked_for += 1;
        let at = lower.find(&secret.to_lowercase());
        let line = at.map(|at| &written[at.saturating_sub(200)..written.len().min(at + 100)]);
        assert_eq!(line, None, "{secret} is in the log");
    }
    assert_eq!(looked_for, 5 + 4 + 5 + 3 + 1);
}
