//! The same work: as many statements to the database, as many allocations.

#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_protocol::api::public::{Carry, SignInFinish, SignInStart, SignInStarted};
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::{Layer, Registry};

use crate::people::{BEA, proof};
use crate::world::{Answer, World};

#[expect(dead_code, reason = "shared with the attacks, which use all of it")]
#[path = "../attack/people.rs"]
mod people;
#[expect(dead_code, reason = "shared with the attacks, which use all of it")]
#[path = "../attack/world.rs"]
mod world;

const KINDS: [&str; 4] = ["known", "susp_", "wait_", "nobod"];

static STATEMENTS: AtomicU64 = AtomicU64::new(0);

/// Counts what sqlx says of each statement that it ran.
struct Count;

impl<S: tracing::Subscriber> Layer<S> for Count {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "sqlx::query" {
            STATEMENTS.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// How often the usual work is looked at, at most.
const LOOKS: usize = 4;

/// Statements and allocations of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    statements: u64,
    allocations: u64,
}

fn measure(
    runtime: &tokio::runtime::Runtime,
    request: impl Future<Output = Answer>,
) -> (Work, Answer) {
    let before = STATEMENTS.load(Ordering::SeqCst);
    let mut answer = None;
    let counted = allocation_counter::measure(|| answer = Some(runtime.block_on(request)));
    let work = Work {
        statements: STATEMENTS.load(Ordering::SeqCst) - before,
        allocations: counted.count_total,
    };
    (work, answer.unwrap())
}

/// The usual: whether the database's thread has answered before it is waited for is chance, whoever
/// asks, and costs an allocation or two.
fn usual(work: &[Work]) -> Work {
    let middle = |mut counts: Vec<u64>| {
        counts.sort_unstable();
        counts[counts.len() / 2]
    };
    Work {
        statements: middle(work.iter().map(|one| one.statements).collect()),
        allocations: middle(work.iter().map(|one| one.allocations).collect()),
    }
}

#[test]
fn a_name_that_nobody_has_costs_the_same_statements_and_allocations() {
    tracing::subscriber::set_global_default(Registry::default().with(Count)).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(async {
        let world = World::new().await;
        for number in 0..9 * LOOKS {
            world.person(&format!("known{number}"), BEA).await;
            world.invited(&format!("wait_{number}")).await;
            let name = format!("susp_{number}");
            world.person(&name, BEA).await;
            let suspended = "UPDATE people SET suspended_at = 1 WHERE user_name = $1";
            world.sql(suspended, &name).await;
        }
        world
    });
    // When the database's thread answers sooner than it is waited for, two allocations fewer are
    // counted: what comes of such luck is gone at the next look, what comes of the name is not.
    let mut usual = [[Work::default(); KINDS.len()]; 2];
    for look in 0..LOOKS {
        // Of names that were not guessed at before: no more than a few tries are let through.
        usual = usual_work(&runtime, &world, 9 * look);
        if usual.iter().all(|of| of.iter().all(|work| *work == of[0])) {
            break;
        }
    }
    for of in usual {
        assert!(of[0].statements > 0, "nothing was counted: {of:?}");
        assert!(of.iter().all(|work| *work == of[0]), "{KINDS:?}: {of:?}");
    }
}

/// The usual work of first and second requests, for each kind of name.
fn usual_work(
    runtime: &tokio::runtime::Runtime,
    world: &World,
    first: usize,
) -> [[Work; KINDS.len()]; 2] {
    // In turns: what the process has done before, it need not do again.
    let mut did: [(Vec<Work>, Vec<Work>); KINDS.len()] = Default::default();
    for number in 0..72 {
        for (kind, (starts, finishes)) in KINDS.iter().zip(&mut did) {
            let ask = SignInStart {
                user_name: format!("{kind}{}", first + number % 9),
                request: proof("a guess").1,
            };
            let (work, answer) = measure(runtime, world.post("", "/sign-in/start", &ask));
            starts.push(work);
            let ask = SignInFinish {
                attempt: answer.said::<SignInStarted>().attempt,
                finish: vec![7; 64].into(),
                carry: Carry::Bearer,
            };
            let (work, answer) = measure(runtime, world.post("", "/sign-in/finish", &ask));
            assert!(!answer.status.is_success());
            finishes.push(work);
        }
    }
    // The first of each fill caches.
    let starts = did.each_ref().map(|(starts, _)| usual(&starts[9..]));
    let finishes = did.each_ref().map(|(_, finishes)| usual(&finishes[9..]));
    [starts, finishes]
}
