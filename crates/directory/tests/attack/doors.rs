//! Every endpoint of the OpenAPI document has a check, unless it is listed here as public.

use lockstep_directory::http::{now, openapi};
use lockstep_model::{Code, DeviceId};
use serde_json::Value;

use crate::people::BEA;
use crate::world::World;

const PUBLIC: [(&str, &str); 7] = [
    ("GET", "/organisation"),
    ("GET", "/logo"),
    ("POST", "/activation/open"),
    ("POST", "/activation/start"),
    ("POST", "/activation/finish"),
    ("POST", "/sign-in/start"),
    ("POST", "/sign-in/finish"),
];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// What an admin may do in a session of any age; all else that an admin does is risky, and what is
/// added will be unless it is listed here.
const ROUTINE: [(&str, &str); 2] = [("POST", "/admin/people"), ("POST", "/admin/enrolments")];

/// Each path with its methods.
fn paths() -> Vec<(String, Vec<String>)> {
    let document: Value = serde_json::from_str(&openapi().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| {
        let methods = item.as_object().unwrap().keys();
        methods.map(|method| method.to_uppercase()).collect()
    };
    paths
        .iter()
        .map(|(path, item)| {
            let path = path.strip_prefix("/api/v1").unwrap();
            (filled(path), methods(item))
        })
        .collect()
}

/// A path with an id that nobody has for each parameter.
fn filled(path: &str) -> String {
    let id = DeviceId::fresh().to_string();
    let parts = path.split('/');
    let parts = parts.map(|part| if part.starts_with('{') { &id } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Each endpoint that is not public, as method and path.
pub(crate) fn guarded() -> Vec<(String, String)> {
    let all = paths().into_iter().flat_map(|(path, methods)| {
        let with_path = move |method| (method, path.clone());
        methods.into_iter().map(with_path)
    });
    let public =
        |(method, path): &(String, String)| PUBLIC.contains(&(method.as_str(), path.as_str()));
    let (public, guarded): (Vec<_>, Vec<_>) = all.partition(public);
    assert_eq!(public.len(), PUBLIC.len());
    guarded
}

/// Whether a computer's signature opens it, not a session.
pub(crate) fn is_for_computers(path: &str) -> bool {
    path.starts_with("/device/")
}

#[tokio::test]
async fn a_stranger_passes_no_door_that_is_not_public() {
    let world = World::new().await;
    let json = ("content-type", "application/json");
    let strangers = [
        vec![json],
        vec![json, ("authorization", "Bearer made-up")],
        vec![json, ("authorization", "Bearer ")],
        vec![json, ("authorization", "Basic YWRtaW46YWRtaW4=")],
        vec![
            json,
            ("cookie", "__Host-lockstep=made-up"),
            ("origin", crate::world::URL),
        ],
        vec![json, ("dpop", "made.up.assertion")],
    ];
    for (method, path) in guarded() {
        let refusal = if is_for_computers(&path) {
            Code::DeviceRefused
        } else {
            Code::SignedOut
        };
        for headers in &strangers {
            let answer = world.send(&method, &path, headers, "{}").await;
            assert_eq!(answer.refusal(), refusal, "{method} {path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_person_passes_no_door_of_an_admin() {
    let world = World::new().await;
    let bea = world.person("bea", BEA).await;
    let admins = guarded()
        .into_iter()
        .filter(|(_, path)| path.starts_with("/admin/"));
    let mut doors = 0;
    for (method, path) in admins {
        let answer = world.ask(&bea, &method, &path).await;
        assert_eq!(answer.refusal(), Code::NotAllowed, "{method} {path}");
        doors += 1;
    }
    assert!(doors >= 6);
}

#[tokio::test]
async fn a_thief_of_an_admins_session_does_nothing_risky_a_quarter_of_an_hour_after_the_sign_in() {
    let world = World::new().await;
    let quarter = now().0 - 15 * 60 * 1000 - 1;
    let signed_in = "UPDATE sessions SET created_at = CAST($1 AS INTEGER)";
    world.sql(signed_in, &quarter.to_string()).await;
    let before = world.audit().await;
    let mut risky = 0;
    for (method, path) in guarded() {
        let routine = ROUTINE.contains(&(method.as_str(), path.as_str()));
        if path.starts_with("/admin/") && method != "GET" && !routine {
            let answer = world.ask(&world.owner, &method, &path).await;
            assert_eq!(answer.refusal(), Code::SignInAgain, "{method} {path}");
            risky += 1;
        }
    }
    assert!(risky >= 7, "{risky}");
    assert_eq!(world.audit().await, before);
}

#[tokio::test]
async fn an_owner_passes_no_door_of_a_computer_with_a_session() {
    let world = World::new().await;
    for (method, path) in guarded() {
        if is_for_computers(&path) {
            let answer = world.ask(&world.owner, &method, &path).await;
            assert_eq!(answer.refusal(), Code::DeviceRefused, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_session_that_expired_passes_no_door() {
    let world = World::new().await;
    let expired = "UPDATE sessions SET expires_at = CAST($1 AS INTEGER)";
    world.sql(expired, &now().0.to_string()).await;
    for (method, path) in guarded() {
        if !is_for_computers(&path) {
            let answer = world.ask(&world.owner, &method, &path).await;
            assert_eq!(answer.refusal(), Code::SignedOut, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_stranger_with_another_method_or_path_gets_a_problem() {
    let world = World::new().await;
    for (path, known) in paths() {
        for method in METHODS {
            if !known.iter().any(|known| known == method) {
                let answer = world.send(method, &path, &[], "").await;
                assert_eq!(answer.refusal(), Code::BadRequest, "{method} {path}");
            }
        }
        for near in [
            format!("{path}/"),
            format!("{path}/more"),
            format!("/{path}"),
        ] {
            for method in METHODS {
                let answer = world.ask(&world.owner, method, &near).await;
                assert_eq!(answer.refusal(), Code::BadRequest, "{method} {near}");
            }
        }
    }
}
