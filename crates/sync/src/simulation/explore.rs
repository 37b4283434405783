//! Breadth first through every state, then backwards from the goals.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::scenario::{Label, Scenario, Seen};
use super::world::{Node, check_moment, is_goal, start, successors};

/// More states than this mean that something grows without bound.
const LIMIT: usize = 8_000_000;

/// What an exploration came to.
#[derive(Debug)]
pub(super) struct Findings {
    name: &'static str,
    states: usize,
    edges: usize,
    goals: usize,
    seconds: f32,
    pub(super) seen: Seen,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            states,
            edges,
            goals,
            seconds,
            ..
        } = self;
        write!(
            f,
            "model check ({name}): {states} states, {edges} transitions, {goals} in sync, \
             0 lock-outs, 0 without a way back, {seconds:.1} s"
        )
    }
}

pub(super) fn explore(scenario: Scenario) -> Findings {
    let began = std::time::Instant::now();
    let mut graph = Graph::default();
    let mut seen = Seen::default();
    let first = start(scenario);
    graph.visit(&first, None);
    let mut queue = VecDeque::from([(0, first)]);
    let mut goals = Vec::new();
    while let Some((from, node)) = queue.pop_front() {
        if let Err(broken) = check_moment(&node, scenario) {
            panic!("{broken}\n{}", graph.story(from));
        }
        if is_goal(&node, scenario) {
            goals.push(from);
        }
        let next = catch_unwind(AssertUnwindSafe(|| successors(&node, scenario, &mut seen)));
        let next = next.unwrap_or_else(|_| panic!("after\n{}\n{node:?}", graph.story(from)));
        for (label, after) in next {
            let (to, is_new) = graph.visit(&after, Some((from, label)));
            if is_new {
                queue.push_back((to, after));
            }
        }
        assert!(graph.came.len() < LIMIT, "too many states");
    }
    assert!(!goals.is_empty(), "nothing ever comes in step");
    if let Some(lost) = graph.without_way_to(&goals) {
        panic!("no way back after\n{}", graph.story(lost));
    }
    graph.assert_ends_by_itself();
    Findings {
        name: scenario.name,
        states: graph.came.len(),
        edges: graph.edges.len(),
        goals: goals.len(),
        seconds: began.elapsed().as_secs_f32(),
        seen,
    }
}

/// The states by number. Of each only a fingerprint is kept.
#[derive(Default)]
struct Graph {
    numbers: HashMap<u64, usize>,
    /// From where each state was reached first, and how.
    came: Vec<(usize, Label)>,
    edges: Vec<(usize, usize, bool)>,
}

impl Graph {
    fn visit(&mut self, node: &Node, from: Option<(usize, Label)>) -> (usize, bool) {
        let number = self.came.len();
        let to = *self.numbers.entry(fingerprint(node)).or_insert(number);
        let is_new = to == number;
        if is_new {
            self.came.push(from.unwrap_or((0, Label::Start)));
        }
        if let Some((from, label)) = from {
            self.edges
                .push((from, to, matches!(label, Label::Ended { .. })));
        }
        (to, is_new)
    }

    /// How a state was reached.
    fn story(&self, mut number: usize) -> String {
        let mut lines = Vec::new();
        while number != 0 {
            let (from, label) = self.came[number];
            lines.push(format!("{label:?}"));
            number = from;
        }
        lines.reverse();
        lines.join("\n")
    }

    /// A state from which no goal can be reached, if there is one.
    fn without_way_to(&self, goals: &[usize]) -> Option<usize> {
        let mut back = vec![Vec::new(); self.came.len()];
        for (from, to, _) in &self.edges {
            back[*to].push(*from);
        }
        let mut reached = vec![false; self.came.len()];
        let mut todo = goals.to_vec();
        while let Some(number) = todo.pop() {
            if !std::mem::replace(&mut reached[number], true) {
                todo.extend(&back[number]);
            }
        }
        reached.iter().position(|it| !it)
    }

    /// Checks that operations ending, and nothing else happening, cannot go on for ever.
    fn assert_ends_by_itself(&self) {
        let mut after = vec![Vec::new(); self.came.len()];
        let mut waiting = vec![0_usize; self.came.len()];
        for (from, to, _) in self.edges.iter().filter(|(_, _, is_end)| *is_end) {
            after[*from].push(*to);
            waiting[*to] += 1;
        }
        let mut free: Vec<usize> = (0..waiting.len()).filter(|it| waiting[*it] == 0).collect();
        let mut sorted = 0;
        while let Some(number) = free.pop() {
            sorted += 1;
            for to in &after[number] {
                waiting[*to] -= 1;
                if waiting[*to] == 0 {
                    free.push(*to);
                }
            }
        }
        assert_eq!(
            sorted,
            waiting.len(),
            "operations repeat for ever without an input"
        );
    }
}

/// Two of a few million states share one with a chance of less than one in a million.
fn fingerprint(node: &Node) -> u64 {
    let Node { state, world } = node;
    let mut hasher = DefaultHasher::new();
    // The configuration never changes.
    (&state.ledger, state.odd, state.session, &state.run, world).hash(&mut hasher);
    hasher.finish()
}
