//! A backup, and what comes of restoring it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lockstep_model::{Code, EnvelopeId, Stamp};
use lockstep_protocol::api::device::{CheckIn, Proved};
use lockstep_protocol::api::me::PasswordChanged;

use crate::cast::{BEAS_SECOND, Cast};
use crate::computers::{Computer, For};
use crate::people::CARL;
use crate::program::{refused, run, said, sql, stopped};
use crate::world::{OWNER, OWNERS, World};

const BEAS_THIRD: &str = "an owl over the old mill";

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What a computer is told of its one binding.
async fn news(computer: &Computer<'_>) -> Stamp {
    computer.check_in().await.said::<CheckIn>().bindings[0].stamp
}

#[tokio::test]
async fn a_backup_of_a_running_directory_is_whole_private_and_without_a_key() {
    let world = World::new().await;
    let cast = Cast::play(&world).await;
    // What was deleted is in no copy.
    let forgotten = world.envelope_retired(&cast).await;
    let data = world.folder.path().join("data");
    let to = world.folder.path().join("backups");
    std::fs::create_dir(&to).unwrap();
    let made = said(&["backup", "--to", text(&to)], &data);
    let made = Path::new(made.trim());
    assert_eq!(made.parent(), Some(to.as_path()));
    assert_eq!(
        std::fs::read_dir(&to).unwrap().count(),
        1,
        "something half done is left"
    );
    assert_eq!(
        std::fs::metadata(made).unwrap().permissions().mode() & 0o777,
        0o700
    );
    let mut names = Vec::new();
    for file in std::fs::read_dir(made).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(
        names,
        [
            "backup.toml",
            "ca.pem",
            "directory.db",
            "directory.toml",
            "tls.pem"
        ]
    );
    let copy = std::fs::read(made.join("directory.db")).unwrap();
    let holds = |what: &str| copy.windows(what.len()).any(|part| part == what.as_bytes());
    assert!(holds(&cast.envelopes[1].to_string()));
    assert!(!holds(&forgotten.to_string()));
    let whole = said(&["audit", "verify"], &data);
    assert_eq!(said(&["audit", "verify"], made), whole);

    let again = refused(&["backup", "--to", text(&made.join("directory.db"))], &data);
    assert!(again.contains("is there already"), "{again}");
}

#[tokio::test]
async fn a_database_that_is_damaged_makes_no_backup() {
    let (folder, data, _) = stopped().await;
    let break_it =
        "DROP TRIGGER audit_is_not_altered; UPDATE audit SET actor = 'x' WHERE sequence = 3;";
    sql(&data.join("directory.db"), break_it).await.unwrap();
    let to = folder.path().join("backup");
    let words = refused(&["backup", "--to", text(&to)], &data);
    assert!(words.contains("entry 3 is not what was written"), "{words}");
    assert!(!to.exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn after_a_restore_nothing_is_obeyed_and_everything_is_settled_by_the_next_proof() {
    let mut world = World::new().await;
    let cast = Cast::play(&world).await;
    let data = world.folder.path().join("data");
    let backup = world.folder.path().join("backup");
    said(&["backup", "--to", text(&backup)], &data);
    let before = news(&cast.computer(&world)).await;

    // What will be undone: a change, and what came with it.
    let session = world.signed_in("bea", BEAS_SECOND).await;
    let change = world.changing(&session, BEAS_SECOND, BEAS_THIRD).await;
    world
        .change(&session, &change)
        .await
        .said::<PasswordChanged>();
    let lost = EnvelopeId::fresh();
    let computer = cast.computer(&world);
    let mut sync = computer.prepare(For::Sync, cast.binding, BEAS_THIRD).await;
    sync.finish.new_envelope = Some(lost);
    computer.finish(&sync).await.said::<Proved>();
    drop(computer);
    world.storage.close().await;
    let database = std::fs::read(data.join("directory.db")).unwrap();
    let replaced = said(&["restore", "--from", text(&backup)], &data);
    let kept = Path::new(replaced.trim()).join("directory.db");
    assert_eq!(
        std::fs::read(kept).unwrap(),
        database,
        "what was replaced is not kept"
    );

    let folder = world.folder;
    world = World::open_in(&data).await;
    let computer = cast.computer(&world);
    let after = news(&computer).await;
    assert_ne!(after.epoch, before.epoch);
    assert_eq!(after.generation, before.generation);

    // No session, invitation or enrolment string of before works.
    let ended = world.ask(&cast.session, "GET", "/me").await;
    assert_eq!(ended.refusal(), Code::SignedOut);
    let void = world.activation(&cast.invitation).await;
    assert_eq!(void.refusal(), Code::InvitationSpent);
    let token = lockstep_protocol::Token(cast.enrolment.clone());
    let stranger = Computer::stranger(&world);
    assert!(!stranger.enrol(&token).await.status.is_success());

    // Her password of before proves; the later one doesn't.
    let later = world.signing_in("bea", BEAS_SECOND).await;
    assert!(
        world
            .post("", "/sign-in/finish", &later)
            .await
            .status
            .is_success()
    );
    let (answer, proving, _) = computer.start(For::Sync, cast.binding, BEAS_THIRD).await;
    let started: lockstep_protocol::api::device::ProofStarted = answer.said();
    let failed = crate::people::finish(&started.credential, None, |terms| {
        proving.finish(started.response.as_slice(), terms).is_err()
    });
    assert!(failed, "a password of after the backup proved");

    // Shares of before are released, that of a change never made is gone, that of after unknown.
    let [first, second, never] = cast.envelopes;
    let mut sync = computer.prepare(For::Sync, cast.binding, BEAS_SECOND).await;
    sync.finish.envelopes = vec![first, second, never, lost];
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(proved.stamp, after);
    assert_eq!(sync.shares(&proved), [first, second]);
    assert_eq!(proved.withheld, [never, lost]);

    // And the next password is the next number, once.
    let mut change = computer
        .prepare(For::Change(BEAS_THIRD), cast.binding, BEAS_SECOND)
        .await;
    let next = EnvelopeId::fresh();
    change.finish.new_envelope = Some(next);
    let proved: Proved = computer.finish(&change).await.said();
    let commit = change.commit(&proved);
    let changed: PasswordChanged = computer.post("/device/password", &commit).await.said();
    assert_eq!(changed.stamp, after.next());
    let mut sync = computer.prepare(For::Sync, cast.binding, BEAS_THIRD).await;
    sync.finish.envelopes = vec![next];
    let proved: Proved = computer.finish(&sync).await.said();
    assert_eq!(sync.shares(&proved), [next]);

    world.owner = world.signed_in(OWNER, OWNERS).await;
    let entries = world.audit().await;
    assert!(entries.iter().any(|row| row.action == "directory.restored"));
    said(&["audit", "verify"], &data);
    drop(folder);
}

#[tokio::test]
async fn a_backup_with_keys_comes_to_life_on_a_new_machine_and_one_without_says_what_it_lacks() {
    let (folder, data, _) = stopped().await;
    let [bare, full] = ["bare", "full"].map(|name| folder.path().join(name));
    said(&["backup", "--to", text(&bare)], &data);
    said(&["backup", "--with-keys", "--to", text(&full)], &data);
    let new = folder.path().join("new");
    let words = refused(&["restore", "--from", text(&bare)], &new);
    assert!(words.contains("has the key file directory.key"), "{words}");
    assert!(!new.join("directory.db").exists());
    said(&["restore", "--from", text(&full)], &new);
    for secret in [
        "directory.key",
        "tls.key",
        "ca.key",
        "directory.db",
        "directory.toml",
    ] {
        let about = std::fs::metadata(new.join(secret)).unwrap();
        assert_eq!(about.permissions().mode() & 0o777, 0o600, "{secret}");
    }
    let world = World::open_in(&new).await;
    world.signed_in("carl", CARL).await;
}

#[tokio::test]
async fn a_backup_that_is_not_whole_or_anothers_replaces_nothing() {
    let (folder, data, _) = stopped().await;
    let before = std::fs::read(data.join("directory.db")).unwrap();
    let backup = folder.path().join("backup");
    said(&["backup", "--with-keys", "--to", text(&backup)], &data);
    let database = backup.join("directory.db");
    let whole = std::fs::read(&database).unwrap();
    let unchanged = |words: &str, why: &str| {
        assert!(words.contains(why), "{words}");
        assert!(
            words.to_lowercase().contains("nothing was changed"),
            "{words}"
        );
        assert_eq!(std::fs::read(data.join("directory.db")).unwrap(), before);
        let left = std::fs::read_dir(&data).unwrap();
        let left = left.filter(|file| {
            let name = file.as_ref().unwrap().file_name();
            name.to_string_lossy().contains("restoring")
                || name.to_string_lossy().contains("replaced")
        });
        assert_eq!(left.count(), 0);
    };

    let cut = "DROP TRIGGER audit_is_not_shortened; DELETE FROM audit WHERE sequence > 9; \
        UPDATE sqlite_sequence SET seq = 9 WHERE name = 'audit';";
    sql(&database, cut).await.unwrap();
    let words = refused(&["restore", "--from", text(&backup)], &data);
    unchanged(&words, "was noted, and the audit ends before it");

    let mut torn = whole.clone();
    torn[whole.len() / 2..].fill(0xa5);
    std::fs::write(&database, torn).unwrap();
    let done = run(&["restore", "--from", text(&backup)], &data);
    assert_eq!(done.status.code(), Some(1));
    unchanged(&String::from_utf8_lossy(&done.stderr), "");

    let (_other, others, _) = stopped().await;
    let foreign = folder.path().join("foreign");
    said(&["backup", "--with-keys", "--to", text(&foreign)], &others);
    let words = refused(&["restore", "--from", text(&foreign)], &data);
    unchanged(&words, "of another directory");
    refused(&["restore", "--from", text(folder.path())], &data);
}
