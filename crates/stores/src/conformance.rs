//! What every store must do, real or fake: one suite, run on all of them.
//!
//! A case panics when the store doesn't conform.

use lockstep_model::{Code, Secret};

use crate::{ChangeFault, Refusal, Store};

/// Makes stores to try things on.
pub trait Harness {
    /// Makes a store that opens with `password` and nothing else.
    ///
    /// # Panics
    ///
    /// When none can be made.
    fn fresh(&mut self, password: &Secret) -> Box<dyn Store>;
}

/// One thing that must hold.
#[derive(Clone, Copy)]
pub struct Case {
    /// What holds, in the form of a test's name.
    pub name: &'static str,
    /// Panics where it doesn't.
    pub run: fn(&mut dyn Harness),
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// Every case.
        pub const CASES: &[Case] = &[$(Case { name: stringify!($name), run: $name },)*];
    };
}

cases![
    only_the_right_password_opens,
    a_change_moves_the_store,
    a_change_with_a_wrong_old_password_is_refused,
    a_change_with_a_password_that_does_not_open_it_says_so_and_changes_nothing,
    a_change_to_the_same_password_is_a_test_of_it,
    a_former_password_may_come_back,
    preflight_changes_nothing,
    blank_is_refused,
    the_longest_password_counts_to_its_last_byte,
    a_password_too_long_is_refused,
    no_byte_is_lost_or_added,
    an_old_password_may_be_any_bytes,
    an_old_password_may_be_longer_than_a_new_one,
    bytes_that_no_store_can_hold_are_refused,
    a_reset_moves_the_store_without_its_old_password,
    a_reset_to_what_opens_already_changes_nothing,
    a_reset_to_what_no_store_can_hold_is_refused,
    what_is_old_goes_only_beside_what_opens,
];

const FIRST: &[u8] = b"correct horse battery";
const SECOND: &[u8] = b"staple a quiet river";
const THIRD: &[u8] = b"third time is the charm";

fn only_the_right_password_opens(harness: &mut dyn Harness) {
    let store = fresh(harness, FIRST);
    opens_with_only(
        &*store,
        FIRST,
        &[SECOND, b"correct horse batter", b"correct horse batteryy"],
    );
    opens_with_only(
        &*store,
        FIRST,
        &[b"Correct horse battery", b" correct horse battery", b"x"],
    );
    let absurd = vec![b'x'; 2000];
    opens_with_only(&*store, FIRST, &[&absurd, b"correct horse battery\0"]);
}

fn a_change_moves_the_store(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    moves(&mut *store, FIRST, SECOND);
}

fn a_change_with_a_wrong_old_password_is_refused(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    let capabilities = store.capabilities();
    if !capabilities.needs_old_password || capabilities.change_opens_first {
        return;
    }
    let code = Code::NotTheComputersPassword;
    refuses_to_change(&mut *store, THIRD, SECOND, code);
    // The new password is no proof of the old one.
    refuses_to_change(&mut *store, SECOND, SECOND, code);
    let absurd = vec![b'x'; 2000];
    refuses_to_change(&mut *store, &absurd, SECOND, code);
    refuses_to_change(&mut *store, b"correct horse battery\0", SECOND, code);
    opens_with_only(&*store, FIRST, &[SECOND, THIRD]);
}

fn a_change_with_a_password_that_does_not_open_it_says_so_and_changes_nothing(
    harness: &mut dyn Harness,
) {
    let mut store = fresh(harness, FIRST);
    let capabilities = store.capabilities();
    if !capabilities.change_opens_first {
        return;
    }
    assert!(capabilities.needs_old_password && !capabilities.counts_attempts);
    let absurd = vec![b'x'; 2000];
    let unlike: &[&[u8]] = &[THIRD, SECOND, &absurd, b"with a \0 inside", b"two\nlines"];
    let says_so = |store: &mut dyn Store, opens: &[u8], to: &[u8]| {
        for from in unlike.iter().filter(|from| **from != opens) {
            let shown = String::from_utf8_lossy(from);
            let said = change(store, from, to);
            assert_eq!(said, Err(ChangeFault::Shut), "{shown:.60}");
        }
    };
    says_so(&mut *store, FIRST, SECOND);
    opens_with_only(&*store, FIRST, &[SECOND, THIRD]);
    // What would be wrong with the new password is said before anything is opened.
    refuses_to_change(&mut *store, THIRD, b"", Code::Blank);
    // The same of a store that was moved before, and what is old in it stays until it is removed.
    assert_eq!(change(&mut *store, FIRST, SECOND), Ok(()));
    says_so(&mut *store, SECOND, b"a fourth one of a kind");
    opens_with_only(&*store, SECOND, &[THIRD, b"a fourth one of a kind"]);
    opens_with_only(&*store, FIRST, &[THIRD]);
    assert_eq!(store.remove_old(&Secret::copy_of(SECOND)), Ok(()));
    says_so(&mut *store, SECOND, FIRST);
    opens_with_only(&*store, SECOND, &[FIRST, THIRD]);
    moves(&mut *store, SECOND, THIRD);
}

fn a_change_to_the_same_password_is_a_test_of_it(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    assert_eq!(change(&mut *store, FIRST, FIRST), Ok(()));
    opens_with_only(&*store, FIRST, &[SECOND]);
}

fn a_former_password_may_come_back(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    moves(&mut *store, FIRST, SECOND);
    moves(&mut *store, SECOND, FIRST);
    moves(&mut *store, FIRST, THIRD);
}

fn preflight_changes_nothing(harness: &mut dyn Harness) {
    let store = fresh(harness, FIRST);
    assert_eq!(store.preflight(&Secret::copy_of(SECOND)), Ok(()));
    assert_eq!(store.preflight(&Secret::copy_of(FIRST)), Ok(()));
    opens_with_only(&*store, FIRST, &[SECOND]);
}

fn blank_is_refused(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    let blank = Secret::default();
    assert_eq!(code(store.preflight(&blank)), Some(Code::Blank));
    assert_eq!(code(store.probe(&blank)), Some(Code::Blank));
    refuses_to_change(&mut *store, FIRST, b"", Code::Blank);
    if store.capabilities().needs_old_password {
        refuses_to_change(&mut *store, b"", SECOND, Code::Blank);
    }
    opens_with_only(&*store, FIRST, &[SECOND]);
}

fn the_longest_password_counts_to_its_last_byte(harness: &mut dyn Harness) {
    let mut longest = vec![b'x'; 255];
    longest[254] = b'y';
    let mut store = fresh(harness, FIRST);
    moves(&mut *store, FIRST, &longest);
    opens_with_only(&*store, &longest, &[&[b'x'; 255], &longest[..254]]);
    moves(&mut *store, &longest, SECOND);
}

fn a_password_too_long_is_refused(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    let long = vec![b'x'; 256];
    assert_eq!(
        code(store.preflight(&Secret::copy_of(&long))),
        Some(Code::TooLong)
    );
    refuses_to_change(&mut *store, FIRST, &long, Code::TooLong);
    opens_with_only(&*store, FIRST, &[&long]);
}

fn no_byte_is_lost_or_added(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    let mut last = FIRST.to_vec();
    for next in [
        "Straße über Łódź 日本語 🔑🗝",
        "  two spaces around  ",
        r#"q"uo'te\n%s$(id)`:;&|<>#!*"#,
    ] {
        moves(&mut *store, &last, next.as_bytes());
        last = next.as_bytes().to_vec();
    }
}

fn an_old_password_may_be_any_bytes(harness: &mut dyn Harness) {
    let raw = b"latin-1: gr\xfc\xdfe \xff\xfe\x80";
    let mut store = fresh(harness, raw);
    opens_with_only(&*store, raw, &[b"latin-1: gr\xc3\xbc\xc3\x9fe"]);
    moves(&mut *store, raw, SECOND);
}

fn an_old_password_may_be_longer_than_a_new_one(harness: &mut dyn Harness) {
    let mut long = vec![b'a'; 400];
    long[399] = b'b';
    let mut store = fresh(harness, &long);
    opens_with_only(&*store, &long, &[&long[..399], &[b'a'; 400]]);
    moves(&mut *store, &long, SECOND);
}

fn bytes_that_no_store_can_hold_are_refused(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    for bad in [
        &b"with a \0 inside"[..],
        b"two\nlines",
        b"ends with a line\n",
        b"\0",
    ] {
        assert_eq!(
            code(store.preflight(&Secret::copy_of(bad))),
            Some(Code::BadCharacters)
        );
        refuses_to_change(&mut *store, FIRST, bad, Code::BadCharacters);
    }
    opens_with_only(&*store, FIRST, &[b"with a "]);
}

fn a_reset_moves_the_store_without_its_old_password(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    if !store.capabilities().can_be_reset {
        assert!(store.may_reset().is_err());
        return;
    }
    assert_eq!(store.may_reset(), Ok(()));
    opens_with_only(&*store, FIRST, &[SECOND]);
    assert_eq!(store.reset(&Secret::copy_of(SECOND)), Ok(()));
    opens_with_only(&*store, SECOND, &[FIRST]);
    moves(&mut *store, SECOND, THIRD);
}

fn a_reset_to_what_opens_already_changes_nothing(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    if store.capabilities().can_be_reset {
        assert_eq!(store.reset(&Secret::copy_of(FIRST)), Ok(()));
    }
    opens_with_only(&*store, FIRST, &[SECOND]);
}

fn a_reset_to_what_no_store_can_hold_is_refused(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    if !store.capabilities().can_be_reset {
        return;
    }
    let long = vec![b'x'; 256];
    for (bad, want) in [
        (&b""[..], Code::Blank),
        (&long, Code::TooLong),
        (b"two\nlines", Code::BadCharacters),
    ] {
        match store.reset(&Secret::copy_of(bad)) {
            Err(ChangeFault::Refused(refusal)) => assert_eq!(refusal.code, want, "{refusal}"),
            other => panic!("must be refused with {want}: {other:?}"),
        }
    }
    opens_with_only(&*store, FIRST, &[SECOND]);
}

fn what_is_old_goes_only_beside_what_opens(harness: &mut dyn Harness) {
    let mut store = fresh(harness, FIRST);
    if !store.capabilities().several_slots {
        assert_eq!(store.remove_old(&Secret::copy_of(FIRST)), Ok(()));
        return;
    }
    // Nothing is old yet, and removing it again changes nothing.
    assert_eq!(store.remove_old(&Secret::copy_of(FIRST)), Ok(()));
    assert_eq!(change(&mut *store, FIRST, SECOND), Ok(()));
    match store.remove_old(&Secret::copy_of(THIRD)) {
        Err(ChangeFault::Refused(refusal)) => {
            assert_eq!(refusal.code, Code::NotTheComputersPassword, "{refusal}");
        }
        other => panic!("what doesn't open it must remove nothing: {other:?}"),
    }
    opens_with_only(&*store, FIRST, &[THIRD]);
    opens_with_only(&*store, SECOND, &[THIRD]);
    for _ in 0..2 {
        assert_eq!(store.remove_old(&Secret::copy_of(SECOND)), Ok(()));
        opens_with_only(&*store, SECOND, &[FIRST]);
    }
}

fn fresh(harness: &mut dyn Harness, password: &[u8]) -> Box<dyn Store> {
    harness.fresh(&Secret::copy_of(password))
}

#[track_caller]
fn opens_with_only(store: &dyn Store, right: &[u8], wrong: &[&[u8]]) {
    if !store.capabilities().verify_without_change {
        return;
    }
    assert_eq!(
        store.probe(&Secret::copy_of(right)),
        Ok(true),
        "the right one must open it"
    );
    for wrong in wrong {
        let shown = String::from_utf8_lossy(wrong);
        assert_eq!(
            store.probe(&Secret::copy_of(wrong)),
            Ok(false),
            "must not open: {shown:.60}"
        );
    }
}

#[track_caller]
fn moves(store: &mut dyn Store, from: &[u8], to: &[u8]) {
    assert_eq!(store.preflight(&Secret::copy_of(to)), Ok(()));
    assert_eq!(change(store, from, to), Ok(()));
    if store.capabilities().several_slots {
        opens_with_only(store, from, &[]);
    }
    assert_eq!(store.remove_old(&Secret::copy_of(to)), Ok(()));
    opens_with_only(store, to, &[from]);
}

#[track_caller]
fn refuses_to_change(store: &mut dyn Store, from: &[u8], to: &[u8], want: Code) {
    match change(store, from, to) {
        Err(ChangeFault::Refused(refusal)) => assert_eq!(refusal.code, want, "{refusal}"),
        other => panic!("must be refused with {want}: {other:?}"),
    }
}

fn change(store: &mut dyn Store, from: &[u8], to: &[u8]) -> Result<(), ChangeFault> {
    store.change(&Secret::copy_of(from), &Secret::copy_of(to))
}

fn code<T>(result: Result<T, Refusal>) -> Option<Code> {
    result.err().map(|refusal| refusal.code)
}
