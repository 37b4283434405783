//! Group commit: writes of one kind that wait at the same time share one transaction, its statements
//! and its one wait for the disk.
//!
//! All are decided and stored in that transaction, and answered only after its commit. One that
//! fails keeps nobody else from theirs: all are rolled back, and each is done again alone.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::{Storage, StorageFault, Write, commit};

/// The most that one transaction holds: the first one waits for the last one's share.
const MOST: usize = 64;

/// A kind of write that comes often.
pub trait Together: Send + 'static {
    /// What is asked.
    type Ask: Send + Sync;
    /// What is answered.
    type Answer: Send;

    /// Reads, decides and stores; one answer for each that asks, in their order. It may be done
    /// again from the beginning, when a former time was rolled back.
    fn run(
        write: &mut Write,
        asks: &[Self::Ask],
    ) -> impl Future<Output = Result<Vec<Self::Answer>, StorageFault>> + Send;
}

/// Those who wait for the next transaction of one kind.
pub struct Group<T: Together> {
    waiting: mpsc::UnboundedSender<(T::Ask, Answering<T>)>,
}

type Answering<T> = oneshot::Sender<Result<<T as Together>::Answer, StorageFault>>;

impl<T: Together> Group<T> {
    /// Begins to serve; ends when this is dropped.
    #[must_use]
    pub fn begin(storage: &Storage) -> Self {
        let storage = storage.clone();
        let (waiting, mut queue) = mpsc::unbounded_channel::<(T::Ask, Answering<T>)>();
        tokio::spawn(async move {
            while let Some((ask, answering)) = queue.recv().await {
                let (mut asks, mut answering) = (vec![ask], vec![answering]);
                while asks.len() < MOST
                    && let Ok((ask, next)) = queue.try_recv()
                {
                    asks.push(ask);
                    answering.push(next);
                }
                for (answer, answering) in write_all::<T>(&storage, &asks).await.zip(answering) {
                    // Whoever asked may have hung up; it is done all the same.
                    drop(answering.send(answer));
                }
            }
        });
        Self { waiting }
    }

    /// Asks, and waits until it is stored.
    ///
    /// # Errors
    ///
    /// [`StorageFault`]; nothing was stored then.
    pub async fn write(&self, ask: T::Ask) -> Result<T::Answer, StorageFault> {
        let (answering, answer) = oneshot::channel();
        // Neither fails before this is dropped, unless the directory stops.
        let gone = || StorageFault::Database(sqlx::Error::PoolClosed);
        self.waiting.send((ask, answering)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

async fn write_all<T: Together>(
    storage: &Storage,
    asks: &[T::Ask],
) -> impl Iterator<Item = Result<T::Answer, StorageFault>> {
    let mut answers = Vec::with_capacity(asks.len());
    match attempt::<T>(storage, asks).await {
        Ok(all) => answers.extend(all.into_iter().map(Ok)),
        Err(Failed { fault, of_one }) if !of_one || asks.len() == 1 => {
            // Trying again would help nobody, and after a commit that failed might store twice.
            let fault = Arc::new(fault);
            answers.extend(
                asks.iter()
                    .map(|_| Err(StorageFault::Together(Arc::clone(&fault)))),
            );
        }
        Err(_) => {
            for ask in asks {
                let alone = attempt::<T>(storage, std::slice::from_ref(ask)).await;
                let answer = alone.map_err(|failed| failed.fault);
                answers.extend(answer.map_or_else(
                    |fault| vec![Err(fault)],
                    |all| all.into_iter().map(Ok).collect(),
                ));
            }
        }
    }
    answers.into_iter()
}

struct Failed {
    fault: StorageFault,
    /// What one of them asked may be the cause, rather than what they share.
    of_one: bool,
}

async fn attempt<T: Together>(
    storage: &Storage,
    asks: &[T::Ask],
) -> Result<Vec<T::Answer>, Failed> {
    let failed = |of_one| move |fault| Failed { fault, of_one };
    let mut write = storage.write().await.map_err(failed(false))?;
    let answers = T::run(&mut write, asks).await.map_err(failed(true))?;
    commit(write).await.map_err(failed(false))?;
    Ok(answers)
}

#[cfg(test)]
mod tests {
    use lockstep_model::Timestamp;

    use super::super::audit::{self, Action, Entry, newest};
    use super::*;

    /// Notes numbers; those in the eighties can't be.
    struct Notes;

    impl Together for Notes {
        type Ask = usize;
        type Answer = (usize, usize);

        async fn run(
            write: &mut Write,
            asks: &[usize],
        ) -> Result<Vec<(usize, usize)>, StorageFault> {
            let mut answers = Vec::new();
            for number in asks {
                let entry = Entry {
                    at: Timestamp(1),
                    actor: "directory",
                    action: Action::SignIn,
                    subject: &number.to_string(),
                    address: "local",
                    result: Ok(()),
                };
                audit::append(write, entry).await?;
                if number / 10 == 8 {
                    return Err(StorageFault::Value("on purpose"));
                }
                answers.push((*number, asks.len()));
            }
            Ok(answers)
        }
    }

    async fn noted(storage: &Storage) -> Vec<usize> {
        let mut db = storage.read().await.unwrap();
        let rows = newest(&mut db, 1000).await.unwrap();
        let mut noted: Vec<usize> = rows
            .iter()
            .map(|row| row.subject.parse().unwrap())
            .collect();
        noted.sort_unstable();
        noted
    }

    #[tokio::test]
    async fn one_that_fails_is_undone_and_keeps_nobody_else_from_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::create(&folder.path().join("db")).await.unwrap();
        let group = Arc::new(Group::<Notes>::begin(&storage));
        // Whoever holds the writer makes the others wait, and so meet.
        let held = storage.write().await.unwrap();
        let mut asking = Vec::new();
        for number in 0..200 {
            let group = Arc::clone(&group);
            asking.push(tokio::spawn(async move { group.write(number).await }));
        }
        tokio::task::yield_now().await;
        drop(held);
        let mut largest = 0;
        for (number, asked) in asking.into_iter().enumerate() {
            match asked.await.unwrap() {
                Ok((answered, together)) => {
                    assert_eq!(answered, number);
                    largest = largest.max(together);
                }
                Err(_) => assert_eq!(number / 10, 8),
            }
        }
        assert!(largest > 1 && largest <= MOST, "{largest} met");
        let all: Vec<usize> = (0..200).filter(|number| number / 10 != 8).collect();
        let noted = noted(&storage).await;
        assert_eq!(noted, all, "each that was answered, once, and nothing else");
    }

    #[tokio::test]
    async fn what_was_asked_is_done_though_whoever_asked_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let storage = Storage::create(&folder.path().join("db")).await.unwrap();
        let group = Arc::new(Group::<Notes>::begin(&storage));
        let held = storage.write().await.unwrap();
        let asking = tokio::spawn({
            let group = Arc::clone(&group);
            async move { group.write(1).await }
        });
        tokio::task::yield_now().await;
        asking.abort();
        drop(held);
        // Served in order, so that the first is done when the second is.
        group.write(2).await.unwrap();
        assert_eq!(noted(&storage).await, [1, 2]);
    }
}
