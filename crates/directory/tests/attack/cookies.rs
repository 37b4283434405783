//! A session in a cookie, which comes along with whatever page asks.

use lockstep_model::Code;
use lockstep_protocol::api::me::Me;
use lockstep_protocol::api::public::{Carry, SessionOpened};

use crate::doors::{guarded, is_for_computers};
use crate::world::{Answer, OWNER, OWNERS, URL, World};

const FOREIGN: [Option<&str>; 6] = [
    None,
    Some("null"),
    Some("https://evil.example"),
    Some("http://localhost:8443"),
    Some("https://localhost:8443.evil.example"),
    Some("https://localhost"),
];

async fn opened(world: &World) -> Answer {
    let mut finish = world.signing_in(OWNER, OWNERS).await;
    finish.carry = Carry::Cookie;
    world.post("", "/sign-in/finish", &finish).await
}

/// The cookie as a browser would send it.
async fn cookie(world: &World) -> String {
    let answer = opened(world).await;
    let set = answer.header("set-cookie").unwrap();
    set.split_once(';').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_foreign_page_changes_nothing_with_a_persons_cookie() {
    let world = World::new().await;
    let cookie = cookie(&world).await;
    let before = world.audit().await;
    for origin in FOREIGN {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(origin.map(|origin| ("origin", origin)));
        for (method, path) in guarded() {
            if method != "GET" && !is_for_computers(&path) {
                let answer = world.send(&method, &path, &headers, "").await;
                assert_eq!(answer.refusal(), Code::NotAllowed, "{path} {origin:?}");
            }
        }
    }
    assert_eq!(world.audit().await, before);
    let headers = [("cookie", cookie.as_str())];
    world.send("GET", "/me", &headers, "").await.said::<Me>();
}

#[tokio::test]
async fn the_portals_own_page_acts_with_a_persons_cookie() {
    let world = World::new().await;
    let cookie = cookie(&world).await;
    let plain = [("cookie", cookie.as_str())];
    let own = [("cookie", cookie.as_str()), ("origin", URL)];
    world.send("GET", "/me", &plain, "").await.said::<Me>();
    let made = world.send("POST", "/me/enrolments", &own, "").await;
    assert!(made.status.is_success());
    let out = world.send("DELETE", "/session", &own, "").await;
    out.said::<()>();
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    let answer = world.send("GET", "/me", &plain, "").await;
    assert_eq!(answer.refusal(), Code::SignedOut);
}

#[tokio::test]
async fn a_script_never_sees_a_persons_cookie() {
    let world = World::new().await;
    let answer = opened(&world).await;
    assert_eq!(answer.said::<SessionOpened>().token, None);
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-lockstep="), "{set}");
    for attribute in ["; Path=/;", "; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Domain"), "{set}");
}

#[tokio::test]
async fn a_form_on_a_foreign_page_signs_nobody_in() {
    let world = World::new().await;
    let mut finish = world.signing_in(OWNER, OWNERS).await;
    finish.carry = Carry::Cookie;
    let body = serde_json::to_string(&finish).unwrap();
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let headers = [("content-type", kind)];
        let answer = world
            .send("POST", "/sign-in/finish", &headers, body.clone())
            .await;
        assert_eq!(answer.refusal(), Code::BadRequest, "{kind}");
        assert_eq!(answer.header("set-cookie"), None);
    }
}
