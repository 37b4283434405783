//! Odd input and odd computers: what must work does, and the rest changes nothing.

use lockstep_model::{Code, Generation};
use lockstep_protocol::Bytes;
use lockstep_protocol::api::me::Standing;
use lockstep_protocol::enrolment::EnrolmentString;
use lockstep_story::World;
use lockstep_story::play::{expect_opens, expect_row};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";
const DESK: &str = "anna-desk";
/// One password in two forms: as most keyboards send it, and as some programs do (NFC and NFD).
const COMPOSED: &str = "caf\u{e9} on the green hill";
const DECOMPOSED: &str = "cafe\u{301} on the green hill";
const OTHER_COMPOSED: &str = "\u{fc}ber alle sieben Berge";
const OTHER_DECOMPOSED: &str = "u\u{308}ber alle sieben Berge";

#[test]
fn a_password_typed_in_another_unicode_form_is_the_same_password() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", COMPOSED, DESK).unwrap();
    expect_opens(&computer, COMPOSED, DECOMPOSED).unwrap();
    computer.sync(DECOMPOSED).unwrap().ok().unwrap();
    let changed = computer.passwd(DECOMPOSED, OTHER_DECOMPOSED).unwrap();
    changed.ok().unwrap();
    expect_opens(&computer, OTHER_COMPOSED, OTHER_DECOMPOSED).unwrap();
    for form in [OTHER_COMPOSED, OTHER_DECOMPOSED] {
        world.sign_in("anna", form).unwrap().ok().unwrap();
        computer.sync(form).unwrap().ok().unwrap();
    }
    let same = computer.passwd(OTHER_COMPOSED, OTHER_DECOMPOSED).unwrap();
    assert_eq!(same.code(), Some(Code::SameAsCurrent), "{same:?}");
    expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
}

#[test]
fn what_no_password_can_be_is_refused_wherever_it_is_typed() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.linked("anna", FIRST, DESK).unwrap();
    let long = "x".repeat(256);
    for (typed, code) in [
        (long.as_str(), Code::TooLong),
        ("seven\u{7}quiet lanterns", Code::BadCharacters),
        ("seven\nquiet lanterns", Code::BadCharacters),
        ("", Code::Blank),
    ] {
        for refused in [
            computer.passwd(FIRST, typed).unwrap(),
            computer.passwd(typed, SECOND).unwrap(),
            computer.sync(typed).unwrap(),
            world.sign_in("anna", typed).unwrap(),
        ] {
            assert_eq!(refused.code(), Some(code), "{typed:?}: {refused:?}");
        }
        expect_opens(&computer, FIRST, SECOND).unwrap();
    }
    expect_row(&world, DESK, Generation(1), Standing::InSync).unwrap();
    let longest = "nine green hills ".repeat(15);
    computer.passwd(FIRST, &longest).unwrap().ok().unwrap();
    expect_opens(&computer, &longest, FIRST).unwrap();
}

#[test]
fn an_enrolment_string_of_another_directory_enrols_nothing() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.computer("anna-new", "anna", FIRST).unwrap();
    let string = world.enrolment(1, 3600).unwrap();
    let own = || EnrolmentString::decode(&string).unwrap();
    let mut foreign_realm = own();
    foreign_realm.realm = "another realm".into();
    let mut foreign_key = own();
    foreign_key.realm_key = Bytes(vec![4; 65]);
    let mut foreign_authority = own();
    foreign_authority.ca = None;
    let mut foreign_token = own();
    foreign_token.token.0 = "A".repeat(43);
    for (foreign, code) in [
        (foreign_authority, Code::DirectoryNotTrusted),
        (foreign_token, Code::EnrolmentSpent),
        (foreign_realm, Code::DirectoryNotTrusted),
        (foreign_key, Code::DirectoryNotTrusted),
    ] {
        let refused = computer.enrol(&foreign.encode()).unwrap();
        assert_eq!(refused.code(), Some(code), "{refused:?}");
        assert_eq!(
            computer.sync(FIRST).unwrap().code(),
            Some(Code::NotEnrolled)
        );
    }
}

#[test]
fn a_computer_whose_clock_is_an_hour_off_follows_like_any_other() {
    for wrong in ["-1h", "+1h"] {
        let Some(world) = World::for_test().unwrap() else {
            return;
        };
        let link = world.invite("anna", "Anna Bergström").unwrap();
        world.activate("anna", &link, FIRST).unwrap();
        let mut computer = world.computer(DESK, "anna", SECOND).unwrap();
        computer.device.start_agent_at(wrong).unwrap();
        let string = world.enrolment(1, 3600).unwrap();
        computer.enrol(&string).unwrap().ok().unwrap();
        computer.link(FIRST, SECOND).unwrap().ok().unwrap();
        computer.passwd(FIRST, SECOND).unwrap().ok().unwrap();
        expect_opens(&computer, SECOND, FIRST).unwrap();
        let row = world.computer_row(DESK).unwrap();
        let contact = row.computer.last_contact.unwrap();
        let heard = computer
            .status()
            .unwrap()
            .binding
            .unwrap()
            .heard_at
            .unwrap();
        let apart = (heard.0 - contact.0).abs();
        assert!(apart > 50 * 60 * 1000, "the clock was not off: {apart} ms");
        expect_row(&world, DESK, Generation(2), Standing::InSync).unwrap();
    }
}
