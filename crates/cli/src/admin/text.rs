//! Tables for people.

use lockstep_protocol::api::admin::{Audit, Computers, People, PersonStatus};
use lockstep_protocol::api::me::Standing;

use crate::show::store_line;

/// The list of people.
pub(super) fn people(people: &People) -> String {
    let rows = people.people.iter().map(|row| {
        let status = match row.status {
            PersonStatus::Pending => "pending",
            PersonStatus::Active if row.temporary => "active, temporary password",
            PersonStatus::Active => "active",
            PersonStatus::Locked => "locked: \"This wasn't me\"",
            PersonStatus::Suspended => "suspended",
        };
        vec![
            row.user_name.clone(),
            row.display_name.clone(),
            status.to_owned(),
            row.generation
                .map_or_else(|| "-".to_owned(), |generation| generation.to_string()),
            format!("{} of {} in sync", row.computers_in_sync, row.computers),
        ]
    });
    table(&["USER", "NAME", "STATUS", "GENERATION", "COMPUTERS"], rows)
}

/// The list of computers.
pub(super) fn computers(computers: &Computers) -> String {
    let linked = computers.computers.iter().map(|row| {
        let standing = match row.computer.standing {
            Standing::InSync => "in sync",
            Standing::AsksNow => "asks now",
            Standing::AsksWhenOnline => "asks when online",
            Standing::Working => "working",
            Standing::Problem => "problem",
        };
        let stores: Vec<String> = row.computer.stores.iter().map(store_line).collect();
        vec![
            row.computer.name.clone(),
            row.user_name.clone(),
            row.computer.account.clone(),
            row.generation.to_string(),
            standing.to_owned(),
            stores.join("; "),
        ]
    });
    let unlinked = computers.unlinked.iter().map(|device| {
        let nobody = || "-".to_owned();
        vec![
            device.name.clone(),
            nobody(),
            nobody(),
            nobody(),
            "not linked".into(),
            nobody(),
        ]
    });
    table(
        &[
            "COMPUTER",
            "USER",
            "ACCOUNT",
            "GENERATION",
            "STANDING",
            "STORES",
        ],
        linked.chain(unlinked),
    )
}

/// The newest part of the audit.
pub(super) fn audit(audit: &Audit) -> String {
    let rows = audit.entries.iter().map(|row| {
        vec![
            row.sequence.to_string(),
            row.at.0.to_string(),
            row.actor.clone(),
            row.action.clone(),
            row.subject.clone(),
            row.address.clone(),
            row.result.clone(),
        ]
    });
    table(
        &["#", "AT (MS)", "WHO", "WHAT", "WHOM", "FROM", "RESULT"],
        rows,
    )
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    // What strangers sent must not steer the terminal.
    let plain = |row: Vec<String>| row.iter().map(|cell| escaped(cell)).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).map(plain).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or_default())
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

fn escaped(cell: &str) -> String {
    cell.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["anna".to_owned(), "x".to_owned()],
            vec!["bo".to_owned(), "y".to_owned()],
        ];
        assert_eq!(
            table(&["A", "B"], rows.into_iter()),
            "A     B\nanna  x\nbo    y\n"
        );
    }
}
