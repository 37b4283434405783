//! A tray and a notification server of the tests' own, run as the person inside a device.
//!
//! Standard output gets a JSON line per event: `registered` (an item), `item` (its title, tooltip and
//! icon, whenever one is another), `menu` (its entries, the same), `notified` and `closed`. Standard
//! input takes `{"do": "choose", "name": LABEL}` for an entry of the menu, `{"do": "activate"}` for a
//! click on the item, and `{"do": "invoke", "name": LABEL}` for an action of the last notification.

mod item;
mod notifications;

use std::error::Error;
use std::io::BufRead as _;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use serde_json::{Value, json};
use zbus::blocking::connection;
use zbus::message::Header;

use item::Item;
use notifications::{Notified, Server};

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// What the tray hears.
enum News {
    /// An item registered itself.
    Registered(String),
    /// The item says that something about it is another.
    Changed,
    /// A notification is shown.
    Notified(Notified),
    /// A program takes its notification away.
    Withdrawn(u32),
    /// A line of standard input; none when it ended.
    Told(Option<String>),
}

/// Where items register themselves.
struct Watcher {
    news: Sender<News>,
    items: Vec<String>,
}

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Watcher {
    fn register_status_notifier_item(&mut self, service: &str, #[zbus(header)] header: Header<'_>) {
        // A path alone is one of the sender's own.
        let sender = header.sender().map(ToString::to_string);
        let name = if service.starts_with('/') {
            sender.unwrap_or_default()
        } else {
            service.to_owned()
        };
        self.items.push(name.clone());
        let _gone = self.news.send(News::Registered(name));
    }

    const fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.items.clone()
    }

    #[zbus(property)]
    const fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    const fn protocol_version(&self) -> i32 {
        0
    }
}

/// Serves until standard input ends.
pub(crate) fn serve() -> Result<(), Box<dyn Error>> {
    let (news, heard) = channel();
    let watcher = Watcher {
        news: news.clone(),
        items: Vec::new(),
    };
    let bus = connection::Builder::session()?
        .serve_at("/StatusNotifierWatcher", watcher)?
        .serve_at(notifications::PATH, Server::new(news.clone()))?
        .name(WATCHER)?
        .name(notifications::NAME)?
        .build()?;
    say(&json!({ "event": "ready" }));
    let lines = news.clone();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            let _gone = lines.send(News::Told(Some(line)));
        }
        let _gone = lines.send(News::Told(None));
    });
    let mut item: Option<Item> = None;
    let mut last = Notified::default();
    for event in heard {
        match event {
            News::Registered(name) => {
                say(&json!({ "event": "registered" }));
                let mut new = Item::find(&bus, &name)?;
                let changed = news.clone();
                new.listen(move || changed.send(News::Changed).is_ok())?;
                new.look();
                item = Some(new);
            }
            News::Changed => {
                if let Some(item) = &mut item {
                    item.look();
                }
            }
            News::Notified(notified) => {
                say(&notified.event());
                last = notified;
            }
            News::Withdrawn(id) => {
                notifications::tell(&bus, "NotificationClosed", &(id, notifications::BY_PROGRAM))?;
                say(&json!({ "event": "closed", "id": id }));
            }
            News::Told(None) => return Ok(()),
            News::Told(Some(line)) => {
                let order: Value = serde_json::from_str(&line)?;
                let name = order["name"].as_str().unwrap_or_default();
                match (order["do"].as_str(), &item) {
                    (Some("choose"), Some(item)) => item.choose(name)?,
                    (Some("activate"), Some(item)) => item.activate()?,
                    (Some("invoke"), _) => last.invoke(&bus, name)?,
                    _ => return Err(format!("not understood: {line}").into()),
                }
            }
        }
    }
    Ok(())
}

/// Prints one event; whoever reads lines gets it at once.
pub(crate) fn say(event: &Value) {
    println!("{event}");
}
