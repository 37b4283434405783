//! The network that the devices of a lab share: a loopback interface and nothing else.

use std::fs::File;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::sys;

/// A network namespace, which lives as long as this descriptor or a process in it.
#[derive(Debug)]
pub(crate) struct Network {
    namespace: OwnedFd,
}

impl Network {
    /// Makes one, switched on.
    pub(crate) fn new() -> io::Result<Self> {
        // A thread of its own, so that the caller stays where it is.
        let made = thread::spawn(|| {
            sys::leave_network()?;
            sys::set_loopback(true)?;
            File::open("/proc/thread-self/ns/net")
        });
        let file = made
            .join()
            .map_err(|_| io::Error::other("the thread panicked"))??;
        Ok(Self {
            namespace: file.into(),
        })
    }

    /// Listens inside.
    pub(crate) fn listen(&self, address: SocketAddr) -> io::Result<TcpListener> {
        self.inside(|| TcpListener::bind(address))
    }

    /// Pulls the cable, or plugs it in again.
    pub(crate) fn switch(&self, on: bool) -> io::Result<()> {
        self.inside(|| sys::set_loopback(on))
    }

    /// Does something on a thread that is inside; what it spawns and opens is, too.
    pub(crate) fn inside<T: Send>(
        &self,
        act: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        thread::scope(|scope| {
            let acted = scope.spawn(|| {
                let namespace = self.namespace.as_fd();
                move_into_link_name_space(namespace, Some(LinkNameSpaceType::Network))?;
                act()
            });
            acted
                .join()
                .map_err(|_| io::Error::other("the thread panicked"))?
        })
    }
}
