//! A client that hangs up at the worst moment.

use std::task::Poll;
use std::time::Duration;

use lockstep_directory::live::Topic;
use tokio::time::timeout;

use crate::computers::Computer;
use crate::people::{BEA, CARL};
use crate::world::World;

/// Each may leave ten proofs unfinished before it is slowed.
const PEOPLE: usize = 16;

/// Polls a future so many times at most, then drops it.
async fn hung_up_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = polls;
    std::future::poll_fn(move |context| {
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_person_who_hangs_up_while_changing_has_changed_nothing_or_everybody_is_told() {
    let world = World::new().await;
    let computer = Computer::enrolled(&world).await;
    let device = Topic::Device(computer.id.unwrap());
    // Several, because a proof that is not finished counts as a guess.
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let name = &format!("person{number}");
        let session = world.person(name, BEA).await;
        computer.link(name, BEA, name).await;
        let portal = Topic::Person(world.me(&session).await.person);
        people.push((session, portal, BEA, CARL));
    }
    let (mut polls, mut unchanged, mut changed) = (1, 0, 0);
    // How many polls a change takes depends on the database's thread: begin anew after each, and go
    // on until a hang-up has fallen on both sides of the commit.
    for round in 0..PEOPLE * 8 {
        if round >= 24 && unchanged > 0 && changed > 0 {
            break;
        }
        let (session, portal, former, next) = &mut people[round % PEOPLE];
        let change = world.changing(session, former, next).await;
        let generation = world.generation(session).await;
        let mut listeners = [*portal, device].map(|topic| world.live.listen(topic));
        let answer = hung_up_after(polls, world.change(session, &change)).await;
        // The one writer is free again once whatever was under way has ended.
        drop(world.storage.write().await.unwrap());
        if world.generation(session).await == generation {
            assert!(answer.is_none());
            unchanged += 1;
        } else {
            for listener in &mut listeners {
                let told = timeout(Duration::from_secs(5), listener.touched()).await;
                assert!(told.is_ok(), "changed at poll {polls}, and nobody was told");
            }
            changed += usize::from(answer.is_none());
            std::mem::swap(former, next);
        }
        polls = if answer.is_some() { 1 } else { polls + 1 };
    }
    assert!(unchanged > 0 && changed > 0, "{unchanged}, {changed}");
}
