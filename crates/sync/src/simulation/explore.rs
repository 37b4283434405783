//! Breadth first through every state, then backwards from the goals.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::doors::{Shut, shut};
use super::events::successors;
use super::scenario::{Label, Scenario, Seen};
use super::world::{Node, check_moment, is_goal, start};

/// More states than this mean that something grows without bound.
const LIMIT: usize = 8_000_000;

/// What an exploration came to.
#[derive(Debug)]
pub(super) struct Findings {
    pub(super) scenario: Scenario,
    pub(super) states: usize,
    pub(super) edges: usize,
    pub(super) goals: usize,
    pub(super) seconds: f32,
    pub(super) lost: Lost,
    pub(super) seen: Seen,
}

/// The states from which there is no way back, and how they came to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    /// The disk does not open at boot.
    pub(super) boot: usize,
    /// The account does not open at log-in.
    pub(super) log_in: usize,
    /// By which event they are entered, and how often.
    pub(super) entered: BTreeMap<&'static str, usize>,
}

/// A promise that does not hold, and what led there.
#[derive(Debug)]
pub(super) struct Broke {
    pub(super) promise: String,
    pub(super) story: String,
}

impl fmt::Display for Broke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nafter\n{}", self.promise, self.story)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario,
            states,
            edges,
            goals,
            seconds,
            lost:
                Lost {
                    boot,
                    log_in,
                    entered,
                },
            ..
        } = self;
        let name = scenario.name;
        write!(
            f,
            "model: {name:<44} {states:>8} states {edges:>9} edges {goals:>5} in sync  \
             no way back: {:>6}",
            boot + log_in
        )?;
        if boot + log_in > 0 {
            write!(f, " (boot {boot}, log-in {log_in}; entered when")?;
            for (place, (label, times)) in entered.iter().enumerate() {
                let comma = if place == 0 { "" } else { "," };
                write!(f, "{comma} {label} {times}")?;
            }
            write!(f, ")")?;
        }
        write!(f, "  {seconds:.1} s")
    }
}

/// Visits everything.
///
/// With the doors open there must be a way back from every state. With doors that may close, none
/// without one may follow an effect of ours.
pub(super) fn explore(scenario: Scenario) -> Result<Findings, Broke> {
    let began = std::time::Instant::now();
    let mut graph = Graph::default();
    let mut seen = Seen::default();
    let first = start(scenario);
    graph.visit(&first, scenario, None);
    let mut queue = VecDeque::from([(0, first)]);
    let mut goals = Vec::new();
    while let Some((from, node)) = queue.pop_front() {
        let broke = |promise| Broke {
            promise,
            story: graph.story(from),
        };
        check_moment(&node, scenario).map_err(broke)?;
        if is_goal(&node, scenario) {
            goals.push(from);
        }
        let next = catch_unwind(AssertUnwindSafe(|| successors(&node, scenario, &mut seen)));
        let next = next.map_err(|panic| broke(said(&*panic)))?;
        for (label, after) in next {
            let (to, is_new) = graph.visit(&after, scenario, Some((from, label)));
            if is_new {
                queue.push_back((to, after));
            }
        }
        assert!(graph.came.len() < LIMIT, "too many states");
    }
    assert!(!goals.is_empty(), "nothing ever comes in step");
    let lost = graph.lost(&goals)?;
    graph.assert_ends_by_itself();
    Ok(Findings {
        scenario,
        states: graph.came.len(),
        edges: graph.edges.len(),
        goals: goals.len(),
        seconds: began.elapsed().as_secs_f32(),
        lost,
        seen,
    })
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|it| (*it).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// The states by number. Of each only a fingerprint is kept.
#[derive(Default)]
struct Graph {
    numbers: HashMap<u64, usize>,
    /// From where each state was reached first, and how.
    came: Vec<(usize, Label)>,
    /// The door in the person's way, if it does not open.
    shut: Vec<Option<Shut>>,
    edges: Vec<Edge>,
}

#[derive(Clone, Copy)]
struct Edge {
    from: usize,
    to: usize,
    label: Label,
}

impl Graph {
    fn visit(
        &mut self,
        node: &Node,
        scenario: Scenario,
        from: Option<(usize, Label)>,
    ) -> (usize, bool) {
        let number = self.came.len();
        let to = *self.numbers.entry(fingerprint(node)).or_insert(number);
        let is_new = to == number;
        if is_new {
            self.came.push(from.unwrap_or((0, Label::Start)));
            self.shut.push(shut(&node.world, scenario));
        }
        if let Some((from, label)) = from {
            self.edges.push(Edge { from, to, label });
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

    /// The states from which no goal can be reached, none of them by an effect of ours.
    fn lost(&self, goals: &[usize]) -> Result<Lost, Broke> {
        let mut back = vec![Vec::new(); self.came.len()];
        for edge in &self.edges {
            back[edge.to].push(edge.from);
        }
        let mut reached = vec![false; self.came.len()];
        let mut todo = goals.to_vec();
        while let Some(number) = todo.pop() {
            if !std::mem::replace(&mut reached[number], true) {
                todo.extend(&back[number]);
            }
        }
        let broke = |promise: &str, number| Broke {
            promise: promise.to_owned(),
            story: self.story(number),
        };
        let mut lost = Lost::default();
        for (number, _) in reached.iter().enumerate().filter(|(_, it)| !**it) {
            match self.shut[number] {
                Some(Shut::Boot) => lost.boot += 1,
                Some(Shut::LogIn) => lost.log_in += 1,
                None => return Err(broke("no way back, and no door is shut", number)),
            }
        }
        // The same moment without the effect: the power fails, or the same answer comes, and
        // nothing has changed.
        let mut without: HashMap<(usize, Label), bool> = HashMap::new();
        for Edge { from, to, label } in &self.edges {
            if label.applied() == Some(false) {
                without.insert((*from, *label), reached[*to]);
            }
        }
        for Edge { from, to, label } in &self.edges {
            if !reached[*from] || reached[*to] {
                continue;
            }
            let spared = || without.get(&(*from, label.without())) != Some(&false);
            if label.applied() == Some(true) && spared() {
                let Broke { promise, story } = broke("P1: a door was shut by us", *from);
                let story = format!("{story}\n{label:?}");
                return Err(Broke { promise, story });
            }
            *lost.entered.entry(label.cause()).or_default() += 1;
        }
        Ok(lost)
    }

    /// Checks that operations ending, and nothing else happening, cannot go on for ever.
    fn assert_ends_by_itself(&self) {
        let mut after = vec![Vec::new(); self.came.len()];
        let mut waiting = vec![0_usize; self.came.len()];
        let is_end = |edge: &&Edge| matches!(edge.label, Label::Ended { .. });
        for Edge { from, to, .. } in self.edges.iter().filter(is_end) {
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
