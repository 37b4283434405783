//! The Secret Service API, as a client: what is in a keyring, and adding to it.
//!
//! Source: the freedesktop.org Secret Service API, draft 0.2. Only what needs no prompt is used.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use lockstep_model::{Code, Secret};
use lockstep_stores::Refusal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zbus::names::OwnedUniqueName;
use zbus::zvariant::{DynamicType, ObjectPath, OwnedObjectPath, OwnedValue, Type, Value};
use zbus::{Connection, Message};

use crate::session::{ALGORITHM, Key, Offer};

const NAME: &str = "org.freedesktop.secrets";
const SERVICE: &str = "/org/freedesktop/secrets";
const SERVICE_API: &str = "org.freedesktop.Secret.Service";
const COLLECTION_API: &str = "org.freedesktop.Secret.Collection";
const ITEM_API: &str = "org.freedesktop.Secret.Item";
const PROPERTIES_API: &str = "org.freedesktop.DBus.Properties";

/// How long a bus or a daemon may take for one answer; writing a large keyring takes a fraction.
const ANSWER: Duration = Duration::from_secs(10);

/// The most that one keyring is believed to hold.
const MAX_ITEMS: usize = 20_000;

/// What a program looks a secret up by.
pub(crate) type Attributes = BTreeMap<String, String>;

/// The login keyring that somebody on a bus serves.
pub(crate) struct Keyring {
    connection: Connection,
    /// Whoever served it at first: another one would know nothing of the session.
    server: OwnedUniqueName,
    session: OwnedObjectPath,
    key: Key,
    collection: OwnedObjectPath,
}

/// What is known of a saved password without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) label: String,
    pub(crate) attributes: Attributes,
}

/// A saved password's secret, and what kind of data it is.
pub(crate) struct Content {
    pub(crate) secret: Secret,
    pub(crate) kind: String,
}

/// The name of a saved password on its bus.
pub(crate) type Item = OwnedObjectPath;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Silence {
    #[error("the keyring daemon refused: {0}")]
    Refused(String),
    #[error("the keyring daemon answers no more: {0}")]
    Lost(String),
}

impl Keyring {
    /// Finds it, and agrees on a cipher.
    pub(crate) async fn on(address: &str) -> Result<Self, Refusal> {
        let connecting = async {
            zbus::connection::Builder::address(address)?
                .method_timeout(ANSWER)
                .build()
                .await
        };
        let connection = match tokio::time::timeout(ANSWER, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(fault)) => return Err(absent(format!("no bus: {fault}"))),
            Err(_) => return Err(absent("the bus doesn't answer")),
        };
        let nobody = |silence: Silence| absent(format!("no keyring on the bus: {silence}"));
        let offer = Offer::draw();
        let arguments = (ALGORITHM, Value::from(offer.public.clone()));
        let method = (SERVICE_API, "OpenSession");
        let opened = call(&connection, NAME, SERVICE, method, &arguments);
        let opened = opened.await.map_err(nobody)?;
        let server = opened.header().sender().map(|name| name.to_owned().into());
        let server: OwnedUniqueName = server.ok_or_else(|| absent("an answer of nobody's"))?;
        let (theirs, session): (OwnedValue, OwnedObjectPath) = read(&opened).map_err(nobody)?;
        let theirs = Vec::<u8>::try_from(theirs).unwrap_or_default();
        let key = offer
            .agree(&theirs)
            .ok_or_else(|| absent("the keyring daemon agrees on no cipher"))?;
        let method = (SERVICE_API, "ReadAlias");
        let found = call(&connection, &server, SERVICE, method, &"login");
        let collection: OwnedObjectPath = read(&found.await.map_err(nobody)?).map_err(nobody)?;
        if collection.as_str() == "/" {
            return Err(absent("nobody on the bus has a login keyring"));
        }
        Ok(Self {
            connection,
            server,
            session,
            key,
            collection,
        })
    }

    /// Whether it is locked: to read or write it, somebody would have to be asked.
    pub(crate) async fn is_locked(&self) -> Result<bool, Silence> {
        self.collection_property("Locked").await
    }

    /// Everything in it.
    pub(crate) async fn items(&self) -> Result<Vec<Item>, Silence> {
        let items: Vec<Item> = self.collection_property("Items").await?;
        if items.len() > MAX_ITEMS {
            return Err(Silence::Refused(format!("{} items", items.len())));
        }
        Ok(items)
    }

    /// What is known of one without its secret.
    pub(crate) async fn about(&self, item: &Item) -> Result<About, Silence> {
        let mut all: HashMap<String, OwnedValue> = self
            .ask(item, (PROPERTIES_API, "GetAll"), &ITEM_API)
            .await?;
        let mut take = |name: &str| {
            let missing = || Silence::Refused(format!("an item has no {name}"));
            all.remove(name).ok_or_else(missing)
        };
        let odd = |fault: zbus::zvariant::Error| Silence::Refused(fault.to_string());
        let attributes = HashMap::<String, String>::try_from(take("Attributes")?).map_err(odd)?;
        Ok(About {
            label: String::try_from(take("Label")?).map_err(odd)?,
            attributes: attributes.into_iter().collect(),
        })
    }

    /// The secret of one.
    pub(crate) async fn content(&self, item: &Item) -> Result<Content, Silence> {
        let (_, vector, sealed, kind): (OwnedObjectPath, Vec<u8>, Vec<u8>, String) = self
            .ask(item, (ITEM_API, "GetSecret"), &*self.session)
            .await?;
        let secret = self.key.open(&vector, sealed);
        let secret = secret.ok_or_else(|| Silence::Refused("a secret doesn't decipher".into()))?;
        Ok(Content { secret, kind })
    }

    /// Adds one, beside whatever is there.
    pub(crate) async fn add(&self, about: &About, content: &Content) -> Result<Item, Silence> {
        let attributes: HashMap<&str, &str> = about
            .attributes
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let properties = HashMap::from([
            (
                "org.freedesktop.Secret.Item.Label",
                Value::from(&about.label),
            ),
            (
                "org.freedesktop.Secret.Item.Attributes",
                Value::from(attributes),
            ),
        ]);
        let sealed = self.key.seal(&content.secret);
        let (vector, sealed) =
            sealed.ok_or_else(|| Silence::Refused("a secret doesn't encipher".into()))?;
        let secret = (&*self.session, vector, sealed, content.kind.as_str());
        let (item, prompt): (Item, OwnedObjectPath) = self
            .ask(
                &self.collection,
                (COLLECTION_API, "CreateItem"),
                &(properties, secret, false),
            )
            .await?;
        // Nobody is asked anything: what needs a prompt was not done.
        if prompt.as_str() == "/" {
            Ok(item)
        } else {
            Err(Silence::Refused("adding needs a prompt".into()))
        }
    }

    async fn collection_property<T>(&self, name: &str) -> Result<T, Silence>
    where
        T: TryFrom<OwnedValue>,
    {
        let value: OwnedValue = self
            .ask(
                &self.collection,
                (PROPERTIES_API, "Get"),
                &(COLLECTION_API, name),
            )
            .await?;
        let odd = || Silence::Refused(format!("the keyring's {name} is something else"));
        T::try_from(value).map_err(|_| odd())
    }

    async fn ask<A, T>(
        &self,
        path: &ObjectPath<'_>,
        method: (&str, &str),
        arguments: &A,
    ) -> Result<T, Silence>
    where
        A: Serialize + DynamicType,
        T: DeserializeOwned + Type,
    {
        read(&call(&self.connection, &self.server, path, method, arguments).await?)
    }
}

async fn call<A>(
    connection: &Connection,
    server: &str,
    path: &str,
    (interface, method): (&str, &str),
    arguments: &A,
) -> Result<Message, Silence>
where
    A: Serialize + DynamicType,
{
    let asked = connection.call_method(Some(server), path, Some(interface), method, arguments);
    asked.await.map_err(|fault| {
        if let zbus::Error::MethodError(name, _, _) = &fault
            && !is_loss(name)
        {
            // The name alone: a message may quote what is in the keyring.
            return Silence::Refused(format!("{method}: {name}"));
        }
        Silence::Lost(format!("{method}: {fault}"))
    })
}

fn read<T: DeserializeOwned + Type>(message: &Message) -> Result<T, Silence> {
    let body = message.body();
    body.deserialize()
        .map_err(|fault| Silence::Refused(fault.to_string()))
}

/// Whether a bus says that whoever was asked is gone.
fn is_loss(error: &str) -> bool {
    let short = error.strip_prefix("org.freedesktop.DBus.Error.");
    matches!(
        short,
        Some("ServiceUnknown" | "NameHasNoOwner" | "NoReply" | "Disconnected" | "Timeout")
    )
}

fn absent(detail: impl Into<String>) -> Refusal {
    Refusal::new(Code::NoKeyringSession, detail)
}
