//! An item of the tray (StatusNotifierItem), with its menu (com.canonical.dbusmenu).

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::thread;

use serde_json::{Value as Json, json};
use zbus::blocking::{Connection, MessageIterator, Proxy};
use zbus::zvariant::{OwnedValue, Structure, Value};
use zbus::{MatchRule, message};

use super::say;

type Properties = HashMap<String, OwnedValue>;
/// Number, properties, children.
type Layout = (i32, Properties, Vec<OwnedValue>);
/// Width, height, and as many pixels.
type Icon = (i32, i32, Vec<u8>);

pub(super) struct Item {
    bus: Connection,
    name: String,
    item: Proxy<'static>,
    menu: Proxy<'static>,
    /// What was printed last.
    shown: [Json; 2],
}

/// An entry of a menu.
struct Entry {
    id: i32,
    label: String,
    enabled: bool,
}

impl Item {
    pub(super) fn find(bus: &Connection, name: &str) -> zbus::Result<Self> {
        let at = |path: String, interface| Proxy::new(bus, name.to_owned(), path, interface);
        let item = at(
            "/StatusNotifierItem".to_owned(),
            "org.kde.StatusNotifierItem",
        )?;
        let menu: zbus::zvariant::OwnedObjectPath = item.get_property("Menu")?;
        let menu = at(menu.to_string(), "com.canonical.dbusmenu")?;
        Ok(Self {
            bus: bus.clone(),
            name: name.to_owned(),
            item,
            menu,
            shown: [Json::Null, Json::Null],
        })
    }

    /// Calls back at whatever the item says, for as long as that gives true.
    pub(super) fn listen(&self, changed: impl Fn() -> bool + Send + 'static) -> zbus::Result<()> {
        let rule = MatchRule::builder()
            .msg_type(message::Type::Signal)
            .sender(self.name.clone())?
            .build();
        let signals = MessageIterator::for_match_rule(rule, &self.bus, Some(64))?;
        thread::spawn(move || signals.map_while(Result::ok).all(|_| changed()));
        Ok(())
    }

    /// Prints what is another than at the last look. One that is going away says nothing.
    pub(super) fn look(&mut self) {
        let seen = [
            self.appearance().ok(),
            self.entries().ok().map(|all| menu(&all)),
        ];
        for (shown, seen) in self.shown.iter_mut().zip(seen) {
            if let Some(seen) = seen.filter(|seen| seen != shown) {
                say(&seen);
                *shown = seen;
            }
        }
    }

    fn appearance(&self) -> zbus::Result<Json> {
        let title: String = self.read("Title")?;
        let tooltip: (String, Vec<Icon>, String, String) = self.read("ToolTip")?;
        let icons: Vec<Icon> = self.read("IconPixmap")?;
        let mut hash = DefaultHasher::new();
        icons.hash(&mut hash);
        let sizes: Vec<[i32; 2]> = icons
            .iter()
            .map(|(width, height, _)| [*width, *height])
            .collect();
        Ok(json!({
            "event": "item",
            "title": title,
            "tooltip": tooltip.2,
            "icon": format!("{:016x}", hash.finish()),
            "sizes": sizes,
        }))
    }

    /// Asks the item itself: what a proxy remembers may be older.
    fn read<T>(&self, name: &str) -> zbus::Result<T>
    where
        T: TryFrom<OwnedValue>,
        T::Error: Into<zbus::Error>,
    {
        let reply = self.bus.call_method(
            Some(self.name.as_str()),
            "/StatusNotifierItem",
            Some("org.freedesktop.DBus.Properties"),
            "Get",
            &("org.kde.StatusNotifierItem", name),
        )?;
        let value: OwnedValue = reply.body().deserialize()?;
        T::try_from(value).map_err(Into::into)
    }

    fn entries(&self) -> zbus::Result<Vec<Entry>> {
        let none: Vec<&str> = Vec::new();
        let (_, (_, _, children)): (u32, Layout) =
            self.menu.call("GetLayout", &(0_i32, -1_i32, none))?;
        Ok(children.into_iter().filter_map(entry).collect())
    }

    pub(super) fn choose(&self, label: &str) -> Result<(), Box<dyn std::error::Error>> {
        let entries = self.entries()?;
        let chosen = entries.iter().find(|it| it.label == label && it.enabled);
        let chosen = chosen.ok_or_else(|| format!("the menu has no entry {label}"))?;
        let nothing = Value::from(0_i32);
        self.menu
            .call_method("Event", &(chosen.id, "clicked", nothing, 0_u32))?;
        Ok(())
    }

    pub(super) fn activate(&self) -> zbus::Result<()> {
        self.item.call_method("Activate", &(0_i32, 0_i32)).map(drop)
    }
}

fn menu(entries: &[Entry]) -> Json {
    let entries: Vec<Json> = entries
        .iter()
        .map(|entry| json!({ "label": entry.label, "enabled": entry.enabled }))
        .collect();
    json!({ "event": "menu", "entries": entries })
}

/// An entry with a label; a line has none.
fn entry(value: OwnedValue) -> Option<Entry> {
    let fields = Structure::try_from(Value::from(value)).ok()?.into_fields();
    let [Value::I32(id), Value::Dict(properties), _] = fields.as_slice() else {
        return None;
    };
    let label: Option<String> = properties.get(&"label").ok()?;
    let enabled: Option<bool> = properties.get(&"enabled").ok()?;
    Some(Entry {
        id: *id,
        // An underscore marks a key; two are one.
        label: label?.replace("__", "_"),
        enabled: enabled.unwrap_or(true),
    })
}
