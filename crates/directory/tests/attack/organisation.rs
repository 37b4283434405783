//! The organisation's logo and rules, and what computers are told of them and of each other.

use http::StatusCode;
use lockstep_directory::core::logo::digest;
use lockstep_directory::http::now;
use lockstep_model::{BindingId, Code};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::admin::{NewLogo, PolicyChange, PolicyRules};
use lockstep_protocol::api::device::{
    CheckIn, Enrolled, ListComputers, Logo, OtherComputers, Unlink,
};
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::api::{MAX_BODY, MAX_LOGO, MAX_LOGO_BODY, Organisation};

use crate::computers::Computer;
use crate::people::{BEA, CARL};
use crate::world::{Answer, OWNER, World};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// A PNG of so many bytes that decoders need not understand.
fn png(bytes: usize) -> Vec<u8> {
    let part = |kind: &[u8], data: &[u8]| {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length, kind, data, &[0; 4]].concat()
    };
    let header = [0, 0, 0, 64, 0, 0, 0, 64, 8, 6, 0, 0, 0];
    let head = [b"\x89PNG\r\n\x1a\n".as_slice(), &part(b"IHDR", &header)].concat();
    let picture = vec![7; bytes - head.len() - 24];
    [head, part(b"IDAT", &picture), part(b"IEND", b"")].concat()
}

impl World {
    async fn set_logo(&self, png: &[u8]) -> Answer {
        let logo = NewLogo {
            png: Bytes(png.to_vec()),
        };
        self.post(&self.owner, "/admin/logo", &logo).await
    }

    async fn shown_logo(&self) -> Answer {
        self.send("GET", "/logo", &[], "").await
    }

    async fn organisation(&self) -> Organisation {
        self.send("GET", "/organisation", &[], "").await.said()
    }

    async fn change_policy(&self, hours: Option<u8>, days: Option<u16>) -> Answer {
        let change = PolicyChange {
            reminder_hours: hours,
            expiry_days: days,
        };
        self.post(&self.owner, "/admin/policy", &change).await
    }

    async fn policy(&self) -> PolicyRules {
        let answer = self.ask(&self.owner, "GET", "/admin/policy").await;
        answer.said()
    }
}

impl<'a> Computer<'a> {
    async fn named(world: &'a World, name: &str) -> Self {
        let mut computer = Self::stranger(world);
        let token = world.enrolment(1).await;
        let enrolled: Enrolled = computer.enrol_as(&token, name).await.said();
        computer.id = Some(enrolled.device);
        computer
    }

    async fn others(&self, binding: BindingId) -> Answer {
        let ask = ListComputers { binding };
        self.post("/device/computers", &ask).await
    }

    async fn logo(&self) -> Option<Bytes> {
        let answer = self.ask("GET", "/device/logo", "").await;
        answer.said::<Logo>().png
    }
}

#[tokio::test]
async fn a_logo_is_shown_to_pages_and_computers_until_it_is_replaced_or_removed() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    assert_eq!(world.shown_logo().await.status, StatusCode::NO_CONTENT);
    assert_eq!(computer.logo().await, None);
    assert_eq!(world.organisation().await.logo, None);
    for size in [100, MAX_LOGO] {
        let png = png(size);
        world.set_logo(&png).await.said::<()>();
        let shown = world.shown_logo().await;
        assert_eq!((shown.status, &shown.body), (StatusCode::OK, &png));
        assert_eq!(shown.header("content-type"), Some("image/png"));
        assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
        let tag = shown.header("etag").unwrap().to_owned();
        let known = [("if-none-match", tag.as_str())];
        let again = world.send("GET", "/logo", &known, "").await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert!(again.body.is_empty());
        assert_eq!(world.organisation().await.logo, Some(digest(&png)));
        let told = computer.check_in().await.said::<CheckIn>();
        assert_eq!(told.organisation.logo, Some(digest(&png)));
        assert_eq!(computer.logo().await, Some(Bytes(png)));
    }
    let world_again = world.restarted().await;
    assert_eq!(world_again.shown_logo().await.body.len(), MAX_LOGO);
    for _ in 0..2 {
        let owner = &world_again.owner;
        let removed = world_again.ask(owner, "POST", "/admin/logo/remove").await;
        removed.said::<()>();
    }
    assert_eq!(
        world_again.shown_logo().await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(world_again.organisation().await.logo, None);
    let of = |png: &[u8]| [OWNER, &digest(png), "ok"].map(String::from);
    let set = world_again.audited("organisation.logo_set").await;
    assert_eq!(set, [of(&png(100)), of(&png(MAX_LOGO))]);
    let removed = [OWNER, "the logo", "ok"].map(String::from);
    let audited = world_again.audited("organisation.logo_removed").await;
    assert_eq!(audited, [removed]);
}

#[tokio::test]
async fn an_admin_who_sends_what_is_no_logo_changes_nothing() {
    let world = World::new().await;
    let good = png(1000);
    world.set_logo(&good).await.said::<()>();
    for bad in [
        Vec::new(),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>".to_vec(),
        good[..good.len() - 1].to_vec(),
        [good.as_slice(), b"more"].concat(),
        png(MAX_LOGO + 1),
    ] {
        let refused = world.set_logo(&bad).await;
        assert_eq!(refused.refusal(), Code::LogoUnusable, "{} bytes", bad.len());
    }
    assert_eq!(
        world.set_logo(&png(MAX_LOGO_BODY)).await.refusal(),
        Code::BadRequest
    );
    assert_eq!(world.shown_logo().await.body, good);
    assert_eq!(world.audited("organisation.logo_set").await.len(), 1);
}

#[tokio::test]
async fn only_the_logo_may_be_as_large_as_one() {
    let world = World::new().await;
    let long = format!("{{}}{}", " ".repeat(MAX_BODY));
    let bearer = format!("Bearer {}", world.owner);
    let headers = [
        ("content-type", "application/json"),
        ("authorization", bearer.as_str()),
    ];
    for path in ["/admin/policy", "/admin/people", "/admin/enrolments"] {
        let answer = world.send("POST", path, &headers, long.clone()).await;
        assert_eq!(answer.refusal(), Code::BadRequest, "{path}");
    }
    assert_eq!(world.audited("organisation.policy_changed").await.len(), 0);
}

#[tokio::test]
async fn every_computer_hears_at_once_of_a_logo_and_of_an_expiry() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    let (one, other) = (
        Computer::named(&world, "desk").await,
        Computer::named(&world, "laptop").await,
    );
    one.link("bea", BEA, "bea").await;
    let mut lines = [one.listen().await, other.listen().await];
    for line in &mut lines {
        assert!(line.next().await.unwrap().contains("\"logo\":null"));
    }
    let png = png(100);
    world.set_logo(&png).await.said::<()>();
    for line in &mut lines {
        assert!(line.next().await.unwrap().contains(&digest(&png)));
    }
    let before = one.check_in().await.said::<CheckIn>();
    assert_eq!(before.bindings[0].expires_at, None);
    assert_eq!(before.organisation.reminder_hours, 4);
    world
        .change_policy(Some(2), Some(90))
        .await
        .said::<PolicyRules>();
    for line in &mut lines {
        assert!(line.next().await.unwrap().contains("\"reminder_hours\":2"));
    }
    let told = one.check_in().await.said::<CheckIn>();
    let [bound] = told.bindings.as_slice() else {
        panic!("{told:?}")
    };
    let expires_at = bound.expires_at.unwrap();
    assert_eq!(expires_at.0, bound.changed.at.0 + 90 * DAY_MS);
    assert!(expires_at > now());
    // It is told, and keeps nobody out.
    let long_ago = (now().0 - 91 * DAY_MS).to_string();
    let set = "UPDATE credentials SET changed_at = CAST($1 AS INTEGER)";
    world.sql(set, &long_ago).await;
    let told = one.check_in().await.said::<CheckIn>();
    assert!(told.bindings[0].expires_at.unwrap() < now());
    assert_eq!(told.bindings[0].held, None);
    world.sign_in("bea", BEA).await.unwrap();
}

#[tokio::test]
async fn an_admin_sets_one_rule_and_the_other_stays() {
    let world = World::new().await;
    let rules = |reminder_hours, expiry_days| PolicyRules {
        reminder_hours,
        expiry_days,
    };
    assert_eq!(world.policy().await, rules(4, 0));
    for (hours, days, wanted) in [
        (Some(24), None, rules(24, 0)),
        (None, Some(3650), rules(24, 3650)),
        (Some(1), Some(0), rules(1, 0)),
    ] {
        let said: PolicyRules = world.change_policy(hours, days).await.said();
        assert_eq!((said, world.policy().await), (wanted.clone(), wanted));
    }
    for (hours, days) in [(Some(0), None), (Some(25), Some(1)), (None, Some(3651))] {
        let refused = world.change_policy(hours, days).await;
        assert_eq!(refused.refusal(), Code::BadRequest);
    }
    assert_eq!(world.policy().await, rules(1, 0));
    let audited = world.audited("organisation.policy_changed").await;
    assert_eq!(audited.len(), 3);
    assert_eq!(audited[1][1], "reminder_hours=24 expiry_days=3650");
}

#[tokio::test]
async fn a_computer_learns_of_its_persons_others_and_of_nobody_elses() {
    let world = World::new().await;
    world.person("bea", BEA).await;
    world.person("carl", CARL).await;
    let desk = Computer::named(&world, "desk").await;
    let laptop = Computer::named(&world, "laptop").await;
    let carls = Computer::named(&world, "carls").await;
    let (on_desk, _) = desk.link("bea", BEA, "bea").await;
    let (on_laptop, _) = laptop.link("bea", BEA, "bea").await;
    let (on_carls, _) = carls.link("carl", CARL, "carl").await;

    let _line = laptop.listen().await;
    let [other]: [_; 1] = {
        let others: OtherComputers = desk.others(on_desk).await.said();
        others.computers.try_into().unwrap()
    };
    assert_eq!((other.name.as_str(), other.online), ("laptop", true));
    assert_eq!(other.standing, Standing::AsksNow);
    assert!(other.last_contact.is_some());
    let others: OtherComputers = carls.others(on_carls).await.said();
    assert_eq!(others.computers, []);

    // Neither another computer's binding, nor one that was given up or never was.
    for binding in [on_laptop, on_carls, BindingId::fresh()] {
        let refused = desk.others(binding).await;
        assert_eq!(refused.refusal(), Code::NotLinked);
    }
    let unlink = Unlink { binding: on_desk };
    desk.post("/device/unlink", &unlink).await.said::<()>();
    assert_eq!(desk.others(on_desk).await.refusal(), Code::NotLinked);
    let others: OtherComputers = laptop.others(on_laptop).await.said();
    assert_eq!(others.computers, []);
}
