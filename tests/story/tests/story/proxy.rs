//! An agent behind an HTTP proxy, as its configuration says.
#![expect(clippy::unwrap_used, reason = "a test says by a panic what went wrong")]

use std::io::{Read as _, Write as _, copy};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use lockstep_model::{Code, Generation};
use lockstep_story::play::expect_opens;
use lockstep_story::portal::Visitor;
use lockstep_story::{Computer, World};

const FIRST: &str = "violet harbour at dawn";
const SECOND: &str = "seven quiet lanterns";

/// What only the proxy may learn: `lockstep:hunter2`.
const CREDENTIALS: &str = "Proxy-Authorization: Basic bG9ja3N0ZXA6aHVudGVyMg==\r\n";

/// A proxy inside the devices' network, and the heads of what it was asked.
struct Proxy {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    open: Arc<AtomicUsize>,
}

impl Proxy {
    fn start(world: &World) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let listener = world.lab.listen(address).unwrap();
        let (heads, open) = (
            Arc::<Mutex<Vec<String>>>::default(),
            Arc::<AtomicUsize>::default(),
        );
        let (all, count) = (Arc::clone(&heads), Arc::clone(&open));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (all, count) = (Arc::clone(&all), Arc::clone(&count));
                thread::spawn(move || {
                    count.fetch_add(1, Ordering::SeqCst);
                    tunnel(stream.unwrap(), &all);
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Self {
            address,
            heads,
            open,
        }
    }
}

fn tunnel(mut stream: TcpStream, all: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    all.lock().unwrap().push(head.clone());
    if !head.contains(CREDENTIALS) {
        let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
        return stream.write_all(refusal).unwrap();
    }
    let to = head.split(' ').nth(1).unwrap();
    let mut onward = TcpStream::connect(to).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    let (mut back, mut forth) = (onward.try_clone().unwrap(), stream.try_clone().unwrap());
    let backward = thread::spawn(move || {
        let _ended = copy(&mut back, &mut forth);
        let _shut = forth.shutdown(Shutdown::Both);
    });
    let _ended = copy(&mut stream, &mut onward);
    let _shut = onward.shutdown(Shutdown::Both);
    backward.join().unwrap();
}

fn configure(computer: &mut Computer, text: &str) {
    computer.device.agent().unwrap().stop().unwrap();
    let script = format!(
        "install -d /etc/lockstep; cat >/etc/lockstep/agent.toml <<'END'\n{text}\nEND\n\
         chgrp lockstep /etc/lockstep/agent.toml; chmod 0640 /etc/lockstep/agent.toml"
    );
    computer.device.shell(&script).unwrap();
    computer.device.start_agent().unwrap();
}

#[test]
fn an_agent_behind_a_proxy_hears_and_follows_and_tells_nobody_its_credentials() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let proxy = Proxy::start(&world);
    let mut computer = world.linked("anna", FIRST, "anna-desk").unwrap();
    assert!(proxy.heads.lock().unwrap().is_empty());
    let setting = format!(
        "proxy = \"http://lockstep:hunter2@{}\"\nlog = \"debug\"",
        proxy.address
    );
    configure(&mut computer, &setting);
    computer.wait_for("online", |s, _| s.online).unwrap();
    assert!(
        proxy.open.load(Ordering::SeqCst) > 0,
        "the line is no tunnel"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let portal = Visitor::sign_in(&world.directory, "anna", FIRST)
            .await
            .unwrap();
        portal.change(FIRST, SECOND).await.unwrap();
    });
    let second = Some(Generation(2));
    computer
        .wait_for("news through the proxy", |_, b| b.generation == second)
        .unwrap();
    computer.sync(SECOND).unwrap().ok().unwrap();
    expect_opens(&computer, SECOND, FIRST).unwrap();
    let port = world.directory.url.rsplit(':').next().unwrap();
    for head in proxy.heads.lock().unwrap().iter() {
        assert!(
            head.starts_with(&format!("CONNECT localhost:{port} ")),
            "{head}"
        );
    }
    let doctor = computer.lockstep(&["doctor"], &[]).unwrap();
    let named = format!("through the proxy {}", proxy.address);
    assert!(doctor.out.contains(&named), "{doctor:?}");

    // Wrong credentials are told with a code of their own.
    configure(&mut computer, &setting.replace("hunter2", "hunter3"));
    let refused = computer.sync(SECOND).unwrap();
    assert_eq!(refused.code(), Some(Code::ProxyRefused), "{refused:?}");
    // An exception is reached without the proxy, as is everything where it is switched off.
    for direct in ["no_proxy = [\"localhost\"]\n", "", "proxy = \"\"\n#"] {
        let asked = proxy.heads.lock().unwrap().len();
        let setting = match direct {
            "" => String::new(),
            direct => format!("{direct}{}", setting.replace("hunter2", "hunter3")),
        };
        configure(&mut computer, &setting);
        computer.wait_for("online", |s, _| s.online).unwrap();
        assert_eq!(proxy.heads.lock().unwrap().len(), asked, "{setting}");
    }
    let log = computer.device.agent().unwrap().log();
    assert!(log.contains("authorization required"), "{log}");
    assert!(
        !log.contains("hunter") && !log.contains("bG9ja3N0ZXA6"),
        "{log}"
    );
}

#[test]
fn a_configuration_that_makes_no_sense_is_refused_with_its_line_and_without_its_secrets() {
    let Some(world) = World::for_test().unwrap() else {
        return;
    };
    let computer = world.computer("desk", "anna", "before").unwrap();
    for (text, wanted) in [
        (
            "\nprxy = \"http://u:hunter2@h\"",
            "line 2: unknown field `prxy`",
        ),
        (
            "proxy = \"socks5://u:hunter2@h\"",
            "must begin with http://",
        ),
        ("proxy = 'http://u:hunter2@h", "line 1"),
    ] {
        let script = "printf '%s\\n' \"$0\" >/tmp/agent.toml; chmod 0644 /tmp/agent.toml";
        let mut write = computer.device.command("sh").unwrap();
        assert!(write.args(["-c", script, text]).status().unwrap().success());
        let mut agent = computer
            .device
            .command_as("lockstep", "/usr/bin/lockstep-agent")
            .unwrap();
        let done = agent.args(["run", "--config", "/tmp/agent.toml"]).output();
        let done = done.unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(!done.status.success(), "{said}");
        assert!(
            said.contains(wanted) && said.contains("agent.toml"),
            "{said}"
        );
        assert!(!said.contains("hunter2"), "{said}");
    }
}
