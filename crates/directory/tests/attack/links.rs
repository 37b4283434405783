//! One-time links: who opens one, and when it ends.

use std::time::Duration;

use lockstep_directory::rescue;
use lockstep_model::{Channel, Code};
use lockstep_protocol::Token;
use lockstep_protocol::api::admin::PersonStatus;
use lockstep_protocol::api::me::PasswordChanged;
use lockstep_protocol::api::public::{
    ActivationFinish, ActivationOffer, ActivationOpen, ActivationStart, LinkKind,
};
use serde_json::Value;
use tokio::time::timeout;

use crate::admins::ISSUED;
use crate::disown::locked;
use crate::people::{BEA, CARL, registration, session};
use crate::world::{OWNER, OWNERS, World, fragment};

/// What each step with a link answers; the last one's message was made ready while it was good.
async fn refusals(world: &World, link: &str, opened: &ActivationFinish) -> [Code; 3] {
    let token = Token(link.to_owned());
    let open = ActivationOpen {
        token: token.clone(),
    };
    let start = ActivationStart {
        token,
        registration_request: registration(CARL).1,
    };
    [
        world.post("", "/activation/open", &open).await.refusal(),
        world.post("", "/activation/start", &start).await.refusal(),
        world.post("", "/activation/finish", opened).await.refusal(),
    ]
}

const SPENT: [Code; 3] = [Code::InvitationSpent; 3];

#[tokio::test]
async fn a_person_who_forgot_the_password_chooses_one_by_a_reset_link_once() {
    let world = World::new().await;
    let former = world.person("bea", BEA).await;
    let link = world.reset_link("bea").await;
    assert_eq!(world.me(&former).await.stamp.generation.0, 1);
    let open = ActivationOpen {
        token: Token(link.clone()),
    };
    let offer: ActivationOffer = world.post("", "/activation/open", &open).await.said();
    assert_eq!((offer.kind, &*offer.user_name), (LinkKind::Reset, "bea"));
    let (first, second) = (
        world.activating(&link, CARL).await,
        world.activating(&link, ISSUED).await,
    );
    let answer = world.post("", "/activation/finish", &first).await;
    let me = world.me(&session(&answer)).await;
    assert_eq!((me.stamp.generation.0, me.temporary), (2, false));
    assert_eq!(me.changed.channel, Channel::ResetLink);
    let closed = "SELECT issued FROM credentials WHERE generation = 2 AND origin = 'issued'";
    assert_eq!(world.number(closed).await, 2);
    for again in [&first, &second] {
        assert_eq!(refusals(&world, &link, again).await, SPENT);
    }
    let problem = world.ask(&former, "GET", "/me").await.problem();
    assert_eq!(problem.code, Code::SignedOut);
    assert_eq!(problem.ended_by.unwrap().channel, Channel::ResetLink);
    let refused = world.sign_in("bea", BEA).await;
    assert_eq!(refused, Err(Code::SignInRefused));
    world.sign_in("bea", CARL).await.unwrap();
    let made = [OWNER, "bea", "ok"].map(String::from);
    assert_eq!(world.audited("password.reset_link_made").await, [made]);
    let used = ["bea", "bea", "ok"].map(String::from);
    assert_eq!(world.audited("password.reset").await, [used]);
}

#[tokio::test]
async fn a_thief_of_a_mailbox_finds_no_link_that_outlived_its_day_or_its_reason() {
    let world = World::new().await;
    let mut bea = world.person("bea", BEA).await;
    let mut former = (BEA, CARL);
    for end in [
        "expired",
        "replaced",
        "changed",
        "suspended",
        "locked",
        "issued",
    ] {
        let link = world.reset_link("bea").await;
        let opened = world.activating(&link, "a password of the thief").await;
        match end {
            "expired" => {
                let expired = "UPDATE invitations SET expires_at = CAST($1 AS INTEGER)";
                world.sql(expired, "1").await;
            }
            "replaced" => drop(world.reset_link("bea").await),
            "changed" => {
                let change = world.changing(&bea, former.0, former.1).await;
                world.change(&bea, &change).await.said::<PasswordChanged>();
                former = (former.1, former.0);
            }
            "issued" => {
                world.issued("bea", ISSUED).await;
                former.0 = ISSUED;
            }
            "suspended" => {
                world.decided("bea", "suspend").await;
                world.decided("bea", "resume").await;
            }
            _ => locked(&world, "bea", former.0).await,
        }
        assert_eq!(refusals(&world, &link, &opened).await, SPENT, "{end}");
        if end != "locked" {
            bea = world.sign_in("bea", former.0).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_locked_person_is_let_in_by_a_link_that_an_admin_made_since() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    locked(&world, "bea", BEA).await;
    let link = world.reset_link("bea").await;
    assert_eq!(world.row("bea").await.status, PersonStatus::Locked);
    let opened = world.activating(&link, ISSUED).await;
    let answer = world.post("", "/activation/finish", &opened).await;
    world.me(&session(&answer)).await;
    let row = world.row("bea").await;
    assert_eq!((row.status, row.report), (PersonStatus::Active, None));
    world.sign_in("bea", ISSUED).await.unwrap();
}

#[tokio::test]
async fn a_suspended_person_comes_back_by_no_link() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    world.decided("bea", "suspend").await;
    let link = world.reset_link("bea").await;
    world.decided("bea", "resume").await;
    let opened = world.activating(&link, CARL).await;
    world
        .sql(
            "UPDATE people SET suspended_at = 1 WHERE user_name = $1",
            "bea",
        )
        .await;
    assert_eq!(refusals(&world, &link, &opened).await, [Code::Suspended; 3]);
    assert_eq!(world.row("bea").await.generation.unwrap().0, 1);
    world.decided("bea", "resume").await;
    let answer = world.post("", "/activation/finish", &opened).await;
    world.me(&session(&answer)).await;
}

#[tokio::test]
async fn a_pending_person_has_an_invitation_and_gets_no_reset_link_beside_it() {
    let world = World::new().await;
    let invitation = world.invited("bea").await;
    let id = world.id("bea").await;
    let answer = world.decide(&world.owner, id, "reset-link").await;
    assert_eq!(answer.refusal(), Code::BadRequest);
    world.activated(&invitation, BEA).await;
}

#[tokio::test]
async fn a_finder_of_an_old_invitation_opens_nothing_once_a_password_was_issued() {
    let world = World::new().await;
    let invitation = world.invited("bea").await;
    let opened = world.activating(&invitation, BEA).await;
    world.issued("bea", ISSUED).await;
    assert_eq!(refusals(&world, &invitation, &opened).await, SPENT);
    let refused = world.sign_in("bea", BEA).await;
    assert_eq!(refused, Err(Code::SignInRefused));
}

#[tokio::test]
async fn the_only_owner_who_is_locked_out_is_let_in_by_whoever_has_the_directorys_files() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    world.invited("carl").await;
    locked(&world, OWNER, OWNERS).await;
    for nobody in ["bea", "carl", "dora"] {
        assert!(rescue::reset_link(&world.files(), nobody).await.is_err());
    }
    let link = rescue::reset_link(&world.files(), OWNER).await.unwrap();
    let mut world = world;
    world.owner = world.activated(fragment(&link), CARL).await;
    assert_eq!(world.row(OWNER).await.status, PersonStatus::Active);
    let made = ["directory", OWNER, "ok"].map(String::from);
    assert_eq!(world.audited("password.reset_link_made").await, [made]);
    world.second_owner("sam", BEA).await;
    world.decided("sam", "suspend").await;
    assert!(rescue::reset_link(&world.files(), "sam").await.is_err());
}

#[tokio::test]
async fn a_stranger_with_a_made_up_token_never_gets_as_far_as_the_one_writer() {
    let world = World::new().await;
    let bea = world.invited("bea").await;
    let mut opened = world.activating(&bea, BEA).await;
    opened.token = Token("made up".into());
    let writing = world.storage.write().await.unwrap();
    let answers = async {
        let finish = world.post("", "/activation/finish", &opened).await;
        let disown = world.post("made-up", "/session/not-me", &Value::Null).await;
        (finish.refusal(), disown.refusal())
    };
    let answers = timeout(Duration::from_secs(5), answers).await;
    drop(writing);
    assert_eq!(answers, Ok((Code::InvitationSpent, Code::SignedOut)));
}
