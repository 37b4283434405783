//! The journal of one binding, as bytes that outlive a crash as far as they were made durable.
//!
//! One record a line, as JSON, as the agent writes it; a line without its end was never durable.

use std::collections::BTreeSet;

use lockstep_sync::{OpId, Record};

#[derive(Default)]
pub(crate) struct Journal {
    bytes: Vec<u8>,
    /// So many bytes are on the disk for certain.
    durable: usize,
    /// The operations whose intent is durable.
    intents: BTreeSet<OpId>,
    /// Written and not durable yet.
    pending: Vec<OpId>,
}

impl Journal {
    /// Appends a record: durable when this returns.
    pub(crate) fn append(&mut self, record: &Record) {
        self.write(record);
        self.sync();
    }

    /// Appends a record and leaves it to the system when it reaches the disk.
    pub(crate) fn write(&mut self, record: &Record) {
        self.bytes.extend(line(record));
        if let Record::Intent { op, .. } = record {
            self.pending.push(*op);
        }
    }

    /// Makes everything durable that was written.
    pub(crate) fn sync(&mut self) {
        self.durable = self.bytes.len();
        self.intents.extend(self.pending.drain(..));
    }

    /// The power goes, or the disk is full, while a record is written: so many parts in a thousand
    /// of it are left.
    pub(crate) fn tear(&mut self, record: &Record, part: usize) {
        let line = line(record);
        // A line that is whole is one that was written, whatever its writer came to know.
        let length = line.len() * part.min(1000) / 1000;
        self.bytes.extend(line.iter().take(length));
        self.durable = self.bytes.len();
    }

    /// What is not durable is gone.
    pub(crate) fn crash(&mut self) {
        self.bytes.truncate(self.durable);
        self.pending.clear();
    }

    pub(crate) fn is_intended(&self, op: OpId) -> bool {
        self.intents.contains(&op)
    }

    /// Cuts a torn last line off and reads the rest.
    pub(crate) fn reopen(&mut self) -> Result<Vec<Record>, String> {
        let whole = self.bytes.iter().rposition(|byte| *byte == b'\n');
        self.bytes.truncate(whole.map_or(0, |end| end + 1));
        self.durable = self.bytes.len();
        let lines = self.bytes.split(|byte| *byte == b'\n');
        let lines = lines.filter(|line| !line.is_empty());
        let read = |line: &[u8]| {
            serde_json::from_slice(line)
                .map_err(|fault| format!("{fault}: {}", String::from_utf8_lossy(line)))
        };
        lines.map(read).collect()
    }

    /// Replaces everything by one record that stands for it, while no run is under way.
    pub(crate) fn compact(&mut self, snapshot: &Record) {
        *self = Self::default();
        self.append(snapshot);
    }

    pub(crate) fn is_long(&self) -> bool {
        self.bytes.len() > 16 * 1024
    }
}

fn line(record: &Record) -> Vec<u8> {
    // A record has no map whose keys JSON refuses; an empty line would be noticed at once.
    let mut line = serde_json::to_vec(record).unwrap_or_default();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use lockstep_model::StoreKind;

    use super::*;

    #[test]
    fn every_tear_leaves_what_was_durable_before() {
        let first = Record::Doubted(StoreKind::Disk);
        for part in 0..=1000 {
            let mut journal = Journal::default();
            journal.append(&first);
            journal.tear(&Record::NoneOpens(StoreKind::Account), part);
            journal.crash();
            let read = journal.reopen().unwrap();
            assert_eq!(read[0], first);
            assert_eq!(read.len(), if part == 1000 { 2 } else { 1 });
            journal.append(&first);
            assert_eq!(journal.reopen().unwrap().len(), read.len() + 1);
        }
    }

    #[test]
    fn what_was_only_written_is_gone_after_a_crash() {
        let mut journal = Journal::default();
        journal.append(&Record::Doubted(StoreKind::Disk));
        journal.write(&Record::Doubted(StoreKind::Account));
        journal.crash();
        assert_eq!(journal.reopen().unwrap().len(), 1);
    }
}
