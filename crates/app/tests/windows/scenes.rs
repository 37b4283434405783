//! Every state of every window, reached as a person and an agent would reach it.
//!
//! Long on purpose: it is a list, and each scene is read beside the others.

use jiff::tz::TimeZone;
use lockstep_app::core::attention::Memory;
use lockstep_app::core::{Core, Filled, Input, Measured, SLOTS, rules};
use lockstep_app::view::Act;
use lockstep_app::words::{Clock, Language, Platform, Words};
use lockstep_model::password::Policy;
use lockstep_model::{
    Channel, Code, DeviceId, Fault, Generation, Provenance, Secret, StoreKind, StoreState,
    Timestamp, WithoutOld,
};
use lockstep_protocol::api::me::{Computer, Standing, StoreRow};
use lockstep_protocol::api::{ItContact, Organisation};
use lockstep_protocol::doctor::{About, Finding};
use lockstep_protocol::keyring::{Reopened, SetAside};
use lockstep_protocol::local::{
    BindingStatus, Done, Event, Failure, Need, OpensWith, Status, StoreCost, StoreOpens,
};

/// 3 Nov 2026, 14:33 in Berlin.
pub(crate) const NOW: Timestamp = Timestamp(1_793_712_780_000);
const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// One state of one window.
pub(crate) struct Scene {
    /// Its picture's name.
    pub(crate) name: &'static str,
    /// How it is reached; the second is how far the clock has gone since the first.
    pub(crate) inputs: Vec<(i64, Input)>,
    /// What is typed in it.
    pub(crate) typed: [&'static str; SLOTS],
}

/// A core that has gone through a scene.
pub(crate) fn play(scene: Scene, language: Language, platform: Platform) -> Core {
    let clock = Clock {
        now: NOW,
        zone: TimeZone::fixed(jiff::tz::offset(1)),
    };
    let words = Words::new(language, platform);
    let mut core = Core::new(words, clock, "anna-desk".into(), Memory::default(), 7);
    for (after, input) in scene.inputs {
        core.step(Timestamp(NOW.0 + after), input);
    }
    core
}

/// Every scene.
pub(crate) fn all() -> Vec<Scene> {
    let mut all = asking();
    all.extend(working());
    all.extend(asked_for());
    all.extend(linking());
    all
}

fn scene(name: &'static str, inputs: Vec<Input>) -> Scene {
    typed(name, ["", "", ""], inputs)
}

fn typed(name: &'static str, typed: [&'static str; SLOTS], inputs: Vec<Input>) -> Scene {
    let inputs = inputs.into_iter().map(|input| (0, input)).collect();
    Scene {
        name,
        inputs,
        typed,
    }
}

fn asking() -> Vec<Scene> {
    let opened = || vec![told(behind()), act(Act::OpenNeeded)];
    let refused = |code| vec![filled(Act::Next, ["x", "", ""]), failed(code, &[])];
    let then = |mut start: Vec<Input>, more: Vec<Input>| {
        start.extend(more);
        start
    };
    let wrong = || {
        let mut inputs = opened();
        for _ in 0..3 {
            inputs.extend(refused(Code::NotTheNewPassword));
        }
        inputs
    };
    let asked = |what, fault| {
        let need = Event::Need {
            what,
            fault,
            unrecovered: Some(Code::CopyLost),
        };
        vec![filled(Act::Next, ["x", "", ""]), Input::Event(need)]
    };
    vec![
        scene("changed", opened()),
        typed(
            "changed-typed",
            ["violet harbour at dawn", "", ""],
            then(opened(), vec![act(Act::Details)]),
        ),
        scene(
            "changed-busy",
            then(opened(), vec![filled(Act::Next, ["x", "", ""])]),
        ),
        scene("changed-blank", then(opened(), vec![act(Act::Next)])),
        scene(
            "changed-old-typed",
            then(opened(), refused(Code::ThatIsTheOldPassword)),
        ),
        scene("changed-wrong", wrong()),
        scene(
            "changed-wait",
            then(opened(), refused(Code::TooManyAttempts)),
        ),
        scene(
            "changed-unreachable",
            then(opened(), refused(Code::DirectoryUnreachable)),
        ),
        scene("changed-drift", vec![told(drifted()), act(Act::OpenNeeded)]),
        scene(
            "changed-temporary",
            vec![told(issued()), act(Act::OpenNeeded)],
        ),
        scene("code", then(opened(), asked(Need::FactorCode, None))),
        typed(
            "own",
            ["nine so far", "", ""],
            then(
                then(
                    vec![told(issued()), act(Act::OpenNeeded)],
                    asked(Need::NewPassword, Some(Code::OwnPasswordNeeded)),
                ),
                vec![measured("", "nine so far", "")],
            ),
        ),
        scene("old", then(opened(), asked(Need::OldPassword, None))),
        scene(
            "old-wrong",
            then(
                opened(),
                [
                    asked(Need::OldPassword, None),
                    asked(Need::OldPassword, Some(Code::NotTheComputersPassword)),
                ]
                .concat_inputs(),
            ),
        ),
        scene(
            "old-after-code",
            then(
                opened(),
                [
                    asked(Need::FactorCode, None),
                    asked(Need::OldPassword, Some(Code::FactorRefused)),
                ]
                .concat_inputs(),
            ),
        ),
        scene(
            "cost",
            then(
                opened(),
                [asked(Need::OldPassword, None), vec![cost(false)]].concat_inputs(),
            ),
        ),
        scene(
            "cost-shut",
            then(
                opened(),
                [asked(Need::OldPassword, None), vec![cost(true)]].concat_inputs(),
            ),
        ),
        scene(
            "offline",
            vec![told(offline(behind())), act(Act::OpenNeeded)],
        ),
        scene("disown", then(opened(), vec![act(Act::NotMe)])),
        scene(
            "disowned",
            then(
                opened(),
                vec![
                    act(Act::NotMe),
                    act(Act::Report),
                    Input::Event(Event::Done(Done::Disowned {
                        at: NOW,
                        locked: true,
                    })),
                ],
            ),
        ),
    ]
}

fn working() -> Vec<Scene> {
    let begun = || {
        vec![
            told(behind()),
            act(Act::OpenNeeded),
            filled(Act::Next, ["x", "", ""]),
            progress(StoreKind::Disk, in_sync()),
            progress(StoreKind::Account, StoreState::Changing),
        ]
    };
    let stopped = |code, stores: &[StoreOpens]| {
        let mut inputs = begun();
        inputs.push(failed(code, stores));
        inputs
    };
    let opens = |with| {
        [StoreKind::Account, StoreKind::Keychain, StoreKind::Disk]
            .map(|kind| StoreOpens { kind, with })
    };
    let mixed = [
        StoreOpens {
            kind: StoreKind::Account,
            with: OpensWith::New,
        },
        StoreOpens {
            kind: StoreKind::Keychain,
            with: OpensWith::Old,
        },
        StoreOpens {
            kind: StoreKind::Disk,
            with: OpensWith::Unknown,
        },
    ];
    let mut slow = scene("work-slow", begun());
    slow.inputs.push((6_000, Input::Tick));
    let mut done = begun();
    done.push(told(well()));
    done.push(Input::Event(Event::Done(Done::InSync {
        generation: Generation(7),
        other_computers: 2,
    })));
    vec![
        scene("work", begun()),
        slow,
        scene("in-sync", done),
        scene(
            "stopped-old",
            stopped(Code::AccountRefused, &opens(OpensWith::Old)),
        ),
        scene("stopped-mixed", stopped(Code::DiskRefused, &mixed)),
        scene("stopped-device", stopped(Code::DeviceRefused, &[])),
        scene("stopped-bug", stopped(Code::Internal, &[])),
        scene(
            "stopped-copied",
            [
                stopped(Code::AccountRefused, &opens(OpensWith::Old)),
                vec![act(Act::CopyDetails)],
            ]
            .concat_inputs(),
        ),
    ]
}

fn asked_for() -> Vec<Scene> {
    let status = |status: Status| vec![told(status), act(Act::OpenStatus)];
    let aside = || SetAside {
        which: "a".into(),
        at: Timestamp(NOW.0 - DAY),
        bytes: 4096,
        reopened: None,
    };
    let with_asides = || {
        [
            status(well()),
            vec![
                Input::Asides(vec![aside()]),
                Input::Computers(computers(), NOW),
            ],
        ]
        .concat_inputs()
    };
    let opened_aside = || {
        [
            with_asides(),
            vec![act(Act::OpenAside { which: "a".into() })],
        ]
        .concat_inputs()
    };
    let reopened = || {
        let counts = Reopened {
            which: "a".into(),
            added: 31,
            identical: 2,
            kept_both: 4,
            unreadable: 0,
        };
        [
            opened_aside(),
            vec![
                filled(Act::Next, ["x", "", ""]),
                Input::Reopened(Ok(counts)),
            ],
        ]
        .concat_inputs()
    };
    let change = || vec![told(well()), act(Act::OpenChange)];
    let (current, good) = ("violet harbour at dawn", "seven quiet lanterns at noon");
    vec![
        scene("status", with_asides()),
        scene(
            "status-alone",
            [status(well()), vec![Input::Computers(Vec::new(), NOW)]].concat_inputs(),
        ),
        scene("status-needs-you", status(behind())),
        scene(
            "status-offline",
            [
                status(offline(behind())),
                vec![Input::Computers(
                    computers(),
                    Timestamp(NOW.0 - 31 * MINUTE),
                )],
            ]
            .concat_inputs(),
        ),
        scene("status-problem", status(troubled())),
        scene("status-expiring", status(expiring(5))),
        scene("status-locked", status(locked())),
        scene(
            "status-gone",
            [status(well()), vec![Input::AgentGone]].concat_inputs(),
        ),
        scene("change", change()),
        typed(
            "change-typed",
            [current, good, good],
            [
                change(),
                vec![measured(current, good, good), Input::Tried(Some(Ok(())))],
            ]
            .concat_inputs(),
        ),
        typed(
            "change-faults",
            [current, "anna 2026", "anna 2025"],
            [
                change(),
                vec![
                    measured(current, "anna 2026", "anna 2025"),
                    filled(Act::Next, [current, "anna 2026", "anna 2025"]),
                ],
            ]
            .concat_inputs(),
        ),
        scene(
            "change-current-wrong",
            [
                change(),
                vec![
                    measured("x", good, good),
                    filled(Act::Next, ["x", good, good]),
                    failed(Code::NotTheCurrentPassword, &[]),
                ],
            ]
            .concat_inputs(),
        ),
        typed(
            "change-given",
            [current, good, good],
            [
                change(),
                vec![
                    measured(current, good, good),
                    filled(Act::Next, [current, good, good]),
                    needed(Need::CurrentPassword),
                    needed(Need::NewPassword),
                ],
            ]
            .concat_inputs(),
        ),
        scene(
            "change-offline",
            vec![told(offline(well())), act(Act::OpenChange)],
        ),
        scene("aside", opened_aside()),
        scene(
            "aside-wrong",
            [
                opened_aside(),
                vec![
                    filled(Act::Next, ["x", "", ""]),
                    Input::Reopened(Err(Fault::new(Code::NotTheOldKeyrings, ""))),
                ],
            ]
            .concat_inputs(),
        ),
        scene("aside-added", reopened()),
        scene(
            "aside-remove",
            [reopened(), vec![act(Act::AskRemove)]].concat_inputs(),
        ),
        scene(
            "aside-not-removed",
            [
                reopened(),
                vec![
                    act(Act::AskRemove),
                    act(Act::Remove),
                    Input::Removed(Err(Fault::new(Code::NotReopened, ""))),
                ],
            ]
            .concat_inputs(),
        ),
        scene("about", vec![told(well()), act(Act::OpenAbout)]),
        scene("help", vec![told(well()), act(Act::OpenHelp)]),
        scene(
            "help-found",
            [
                vec![told(troubled()), act(Act::OpenHelp), act(Act::Examine)],
                vec![Input::Event(Event::Examined {
                    findings: vec![
                        Finding::ok(About::Agent, "The agent answers."),
                        Finding::problem(About::Disk, Code::NoRecoveryKey, "x"),
                    ],
                })],
            ]
            .concat_inputs(),
        ),
        scene(
            "help-failed",
            vec![
                told(well()),
                act(Act::OpenHelp),
                act(Act::Examine),
                failed(Code::AgentUnreachable, &[]),
            ],
        ),
        scene("long-names", vec![told(long()), act(Act::OpenNeeded)]),
        scene(
            "right-to-left",
            vec![told(right_to_left()), act(Act::OpenNeeded)],
        ),
    ]
}

fn linking() -> Vec<Scene> {
    let open = || vec![told(unlinked()), act(Act::OpenLink)];
    let sign_in = || [open(), vec![act(Act::Yes)]].concat_inputs();
    let submitted = || [sign_in(), vec![filled(Act::Next, ["anna", "x", ""])]].concat_inputs();
    let disk = || {
        let consent = Event::Consent {
            store: StoreKind::Disk,
        };
        [submitted(), vec![Input::Event(consent)]].concat_inputs()
    };
    let computer = || {
        [
            disk(),
            vec![
                act(Act::Yes),
                needed(Need::DirectoryPassword),
                needed(Need::ComputersPassword),
            ],
        ]
        .concat_inputs()
    };
    vec![
        scene("link", open()),
        typed("link-sign-in", ["anna", "", ""], sign_in()),
        scene(
            "link-wrong",
            [submitted(), vec![failed(Code::SignInRefused, &[])]].concat_inputs(),
        ),
        scene(
            "link-offline",
            [sign_in(), vec![told(offline(unlinked()))]].concat_inputs(),
        ),
        scene("link-disk", disk()),
        scene("link-computer", computer()),
        typed(
            "link-phrase",
            ["copper teapot Tuesday", "", ""],
            [computer(), vec![act(Act::Next)]].concat_inputs(),
        ),
        scene(
            "link-phrase-long",
            [
                computer(),
                vec![
                    act(Act::Next),
                    filled(Act::Next, [&"copper teapot ".repeat(6), "", ""]),
                ],
            ]
            .concat_inputs(),
        ),
        scene(
            "link-nobody",
            vec![told(not_enrolled()), act(Act::OpenLink)],
        ),
    ]
}

/// Inputs one after the other; an input can't be copied.
trait Inputs {
    fn concat_inputs(self) -> Vec<Input>;
}

impl<const N: usize> Inputs for [Vec<Input>; N] {
    fn concat_inputs(self) -> Vec<Input> {
        self.into_iter().flatten().collect()
    }
}

fn told(status: Status) -> Input {
    Input::Status(Box::new(status))
}

fn act(act: Act) -> Input {
    filled(act, ["", "", ""])
}

fn filled(act: Act, texts: [&str; SLOTS]) -> Input {
    Input::Act {
        act,
        filled: texts.map(|text| Filled {
            any: !text.is_empty(),
            text: text.to_owned(),
        }),
    }
}

fn measured(current: &str, new: &str, repeat: &str) -> Input {
    let secret = |text: &str| Secret::copy_of(text.as_bytes());
    let standard = rules::Standard {
        policy: Policy::default(),
        user_name: "anna".into(),
    };
    let current = secret(current);
    let measured: Measured =
        rules::measure(&standard, Some(&current), &secret(new), &secret(repeat));
    Input::Measured(measured)
}

fn failed(code: Code, stores: &[StoreOpens]) -> Input {
    Input::Event(Event::Failed(Failure {
        code,
        detail: "step 3: a reason for engineers".into(),
        stores: stores.to_vec(),
    }))
}

fn needed(what: Need) -> Input {
    Input::Event(Event::Need {
        what,
        fault: None,
        unrecovered: None,
    })
}

fn progress(kind: StoreKind, state: StoreState) -> Input {
    Input::Event(Event::Progress(StoreRow { kind, state }))
}

fn cost(shut: bool) -> Input {
    let becomes = |kind, becomes| StoreCost { kind, becomes };
    let account = if shut {
        WithoutOld::StaysShut
    } else {
        WithoutOld::Reset
    };
    Input::Event(Event::Cost {
        stores: vec![
            becomes(StoreKind::Disk, WithoutOld::StaysShut),
            becomes(StoreKind::Account, account),
            becomes(StoreKind::Keychain, WithoutOld::SetAside),
        ],
    })
}

fn in_sync() -> StoreState {
    StoreState::InSync {
        generation: Generation(7),
        tested_at: NOW,
    }
}

fn organisation() -> Organisation {
    Organisation {
        name: "Linden Works".into(),
        it_contact: ItContact {
            name: "Sam Ito".into(),
            email: "help@linden.example".into(),
            phone: "+49 30 5550100".into(),
        },
        policy: Policy::default(),
        logo: None,
        reminder_hours: 4,
    }
}

fn well() -> Status {
    let row = |kind| StoreRow {
        kind,
        state: in_sync(),
    };
    Status {
        agent_version: "0.1.0".into(),
        portal: Some("https://id.linden.example".into()),
        organisation: Some(organisation()),
        online: true,
        binding: Some(BindingStatus {
            user_name: "anna".into(),
            account: "anna".into(),
            phrase: Some("copper teapot Tuesday".into()),
            generation: Some(Generation(7)),
            changed: Some(Provenance {
                at: Timestamp(NOW.0 - MINUTE),
                channel: Channel::Portal,
                client: "Firefox on Linux".into(),
                address: "192.0.2.7".into(),
            }),
            temporary: false,
            held: None,
            heard_at: Some(NOW),
            in_sync: true,
            stores: [StoreKind::Disk, StoreKind::Account, StoreKind::Keychain]
                .map(row)
                .to_vec(),
            notices: Vec::new(),
            other_computers: 0,
            expires_at: None,
            problem: None,
        }),
        problem: None,
    }
}

fn with(change: impl FnOnce(&mut BindingStatus)) -> Status {
    let mut status = well();
    change(status.binding.as_mut().unwrap());
    status
}

fn behind() -> Status {
    with(|binding| {
        binding.in_sync = false;
        for row in &mut binding.stores {
            row.state = StoreState::NeedsYou { since: NOW };
        }
    })
}

fn drifted() -> Status {
    with(|binding| {
        binding.in_sync = false;
        binding.stores[1].state = StoreState::NeedsYou { since: NOW };
    })
}

fn issued() -> Status {
    let mut status = behind();
    let binding = status.binding.as_mut().unwrap();
    binding.temporary = true;
    let changed = binding.changed.as_mut().unwrap();
    changed.channel = Channel::Admin;
    changed.client = "Sam Ito".into();
    status
}

fn troubled() -> Status {
    with(|binding| {
        binding.in_sync = false;
        binding.problem = Some(Code::DiskRefused);
        binding.stores[0].state = StoreState::Problem {
            code: Code::DiskRefused,
        };
    })
}

fn expiring(days: i64) -> Status {
    with(|binding| binding.expires_at = Some(Timestamp(NOW.0 + days * DAY + MINUTE)))
}

fn locked() -> Status {
    let mut status = behind();
    status.binding.as_mut().unwrap().held = Some(Code::SignInLocked);
    status
}

fn offline(status: Status) -> Status {
    Status {
        online: false,
        ..status
    }
}

fn unlinked() -> Status {
    Status {
        binding: None,
        ..well()
    }
}

fn not_enrolled() -> Status {
    Status {
        organisation: None,
        portal: None,
        ..unlinked()
    }
}

fn long() -> Status {
    let mut status = behind();
    let organisation = status.organisation.as_mut().unwrap();
    organisation.name =
        "Vereinigte Donaudampfschifffahrtsgesellschaften und Hafenbetriebe AG".into();
    organisation.it_contact.name =
        "Informationstechnik und Benutzerbetreuung, Standort Regensburg".into();
    let binding = status.binding.as_mut().unwrap();
    binding.user_name = "maximiliane.mustermann-von-hohenstein".into();
    binding.phrase = Some(
        "a phrase of eighty characters, which is the most that anybody can choose here".into(),
    );
    binding.changed.as_mut().unwrap().client =
        "Some Browser of a Very Long Name 123 on Some System of Another".into();
    status
}

fn right_to_left() -> Status {
    let mut status = behind();
    status.organisation.as_mut().unwrap().name = "شركة الزيزفون".into();
    status.organisation.as_mut().unwrap().it_contact.name = "سامي".into();
    status
}

fn computers() -> Vec<Computer> {
    let computer = |name: &str, standing, online| Computer {
        device: DeviceId::fresh(),
        name: name.into(),
        system: "Debian 12".into(),
        account: "anna".into(),
        standing,
        stores: Vec::new(),
        last_contact: Some(Timestamp(NOW.0 - 2 * DAY)),
        online,
    };
    vec![
        computer("anna-laptop", Standing::AsksNow, true),
        computer("Anna's MacBook", Standing::AsksWhenOnline, false),
    ]
}
