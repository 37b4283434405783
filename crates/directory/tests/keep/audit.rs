//! Whoever alters the audit is found out.

use std::path::Path;

use lockstep_directory::http::now;
use lockstep_directory::storage::audit::{Action, Entry, append_all};
use lockstep_directory::storage::commit;

use crate::program::{refused, run, said, sql, stopped};
use crate::world::World;

const OPEN: &str = "DROP TRIGGER audit_is_appended_to; DROP TRIGGER audit_is_not_altered; \
    DROP TRIGGER audit_is_not_shortened;";

fn database(data: &Path) -> std::path::PathBuf {
    data.join("directory.db")
}

#[tokio::test]
async fn a_whole_audit_is_called_whole_also_while_the_directory_runs() {
    let world = World::new().await;
    world.invited("bea").await;
    let data = world.folder.path().join("data");
    let head = said(&["audit", "verify"], &data);
    let entries = world.audit().await;
    assert!(
        head.starts_with(&format!("{}:", entries[0].sequence)),
        "{head}"
    );
    world.invited("carl").await;
    let later = said(&["audit", "verify", "--expect", head.trim()], &data);
    assert_ne!(head, later);
}

#[tokio::test]
async fn what_is_altered_deleted_reordered_inserted_or_cut_off_is_named() {
    let (_folder, data, _) = stopped().await;
    let noted = said(&["audit", "verify"], &data);
    let (last, _) = noted.split_once(':').unwrap();
    let last: i64 = last.parse().unwrap();
    let whole = std::fs::read(database(&data)).unwrap();
    let swap = "UPDATE audit SET sequence = -1 WHERE sequence = 4; \
        UPDATE audit SET sequence = 4 WHERE sequence = 5; \
        UPDATE audit SET sequence = 5 WHERE sequence = -1;";
    let between = "UPDATE audit SET sequence = -sequence WHERE sequence >= 5; \
        INSERT INTO audit SELECT 5, at, actor, action, subject, address, result, hash FROM audit \
        WHERE sequence = 4; UPDATE audit SET sequence = 1 - sequence WHERE sequence < 0;";
    let behind = "INSERT INTO audit (at, actor, action, subject, address, result, hash) \
        SELECT at, actor, action, subject, address, result, hash FROM audit WHERE sequence = 4;";
    for (what, broken) in [
        (
            "UPDATE audit SET subject = 'nobody' WHERE sequence = 3;",
            "entry 3 is not what",
        ),
        (
            "UPDATE audit SET at = at + 1 WHERE sequence = 7;",
            "entry 7 is not what",
        ),
        (
            "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 2;",
            "entry 2 is not what",
        ),
        (
            "UPDATE audit SET hash = NULL WHERE sequence = 2;",
            "entry 2 is not what",
        ),
        (
            "DELETE FROM audit WHERE sequence = 4;",
            "entry 4 is missing",
        ),
        (
            "DELETE FROM audit WHERE sequence = 1;",
            "entry 1 is missing",
        ),
        (swap, "entry 4 is not what"),
        (between, "entry 5 is not what"),
        (behind, &format!("entry {} is not what", last + 1)),
        (
            "DELETE FROM audit WHERE sequence > 10;",
            "the newest entries are missing",
        ),
    ] {
        sql(&database(&data), &format!("{OPEN} {what}"))
            .await
            .unwrap();
        let found = refused(&["audit", "verify"], &data);
        assert!(found.contains(broken), "{what}: {found}");
        std::fs::write(database(&data), &whole).unwrap();
    }
    said(&["audit", "verify", "--expect", noted.trim()], &data);
}

#[tokio::test]
async fn who_makes_the_whole_chain_afresh_is_given_away_by_a_noted_head() {
    let (_folder, data, cast) = stopped().await;
    let noted = said(&["audit", "verify"], &data);
    let expect = ["audit", "verify", "--expect", noted.trim()];
    let whole = std::fs::read(database(&data)).unwrap();

    // Cut off, with the count set back.
    let (last, _) = noted.split_once(':').unwrap();
    let cut = "DELETE FROM audit WHERE sequence > 10; \
        UPDATE sqlite_sequence SET seq = 10 WHERE name = 'audit';";
    sql(&database(&data), &format!("{OPEN} {cut}"))
        .await
        .unwrap();
    said(&["audit", "verify"], &data);
    let found = refused(&expect, &data);
    assert!(
        found.contains(&format!("entry {last} was noted")),
        "{found}"
    );
    std::fs::write(database(&data), &whole).unwrap();

    // Rewritten, and chained again by the program itself.
    let rewritten = "UPDATE audit SET address = '203.0.113.7', hash = NULL;";
    sql(&database(&data), &format!("{OPEN} {rewritten}"))
        .await
        .unwrap();
    let world = World::open_in(&data).await;
    cast.computer(&world).check_in().await;
    world.storage.close().await;
    said(&["audit", "verify"], &data);
    let found = refused(&expect, &data);
    assert!(found.contains("is not the one that was noted"), "{found}");
}

#[tokio::test]
async fn the_database_itself_refuses_every_change_to_an_entry() {
    let (_folder, data, _) = stopped().await;
    for what in [
        "UPDATE audit SET actor = 'x' WHERE sequence = 1",
        "UPDATE audit SET hash = zeroblob(32) WHERE sequence = 1",
        "DELETE FROM audit WHERE sequence = 1",
        "INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 1",
        "REPLACE INTO audit (sequence, at, actor, action, subject, address, result, hash) \
            VALUES (1, 0, 'x', 'x', 'x', 'x', 'ok', zeroblob(32))",
        "INSERT INTO audit (sequence, at, actor, action, subject, address, result) \
            VALUES (1000, 0, 'x', 'x', 'x', 'x', 'ok')",
    ] {
        let words = sql(&database(&data), what).await.unwrap_err().to_string();
        assert!(
            words.contains("the audit is only ever appended to"),
            "{what}: {words}"
        );
    }
    said(&["audit", "verify"], &data);
}

#[tokio::test]
async fn an_export_holds_every_entry_and_no_formula() {
    let world = World::new().await;
    let token = world.enrolment(1).await;
    let computer = crate::computers::Computer::stranger(&world);
    let enrolled = computer
        .enrol_as(&token, "=cmd|'/c calc'!A1, \"desk\"")
        .await;
    enrolled.said::<lockstep_protocol::api::device::Enrolled>();
    let data = world.folder.path().join("data");

    let mut lines = Vec::new();
    for line in said(&["audit", "export"], &data).lines() {
        lines.push(serde_json::from_str::<serde_json::Value>(line).unwrap());
    }
    assert_eq!(lines.len(), world.audit().await.len());
    let head = said(&["audit", "verify"], &data);
    let last = lines.last().unwrap();
    assert_eq!(
        head.trim(),
        format!("{}:{}", last["sequence"], last["hash"].as_str().unwrap())
    );
    assert_eq!(last["subject"], "=cmd|'/c calc'!A1, \"desk\"");

    let table = said(&["audit", "export", "--format", "csv"], &data);
    assert_eq!(table.lines().count(), lines.len() + 1);
    let cell = "\"'=cmd|'/c calc'!A1, \"\"desk\"\"\"";
    assert!(table.contains(cell), "{table}");
}

#[tokio::test]
async fn a_head_that_is_none_is_refused_before_anything_is_read() {
    let (_folder, data, _) = stopped().await;
    let output = run(&["audit", "verify", "--expect", "12"], &data);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[tokio::test]
async fn entries_written_together_are_chained_like_any() {
    let world = World::new().await;
    let mut write = world.storage.write().await.unwrap();
    let entry = |actor| Entry {
        at: now(),
        actor,
        action: Action::SignOut,
        subject: actor,
        address: "local",
        result: Ok(()),
    };
    let before = world.audit().await.len();
    append_all(&mut write, &[entry("bea"), entry("carl"), entry("dora")])
        .await
        .unwrap();
    commit(write).await.unwrap();
    let entries = world.audit().await;
    assert_eq!(entries.len(), before + 3);
    assert_eq!((&*entries[0].actor, &*entries[2].actor), ("dora", "bea"));
    said(&["audit", "verify"], &world.folder.path().join("data"));
}
