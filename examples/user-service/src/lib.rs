//! Four small services on SQLite, the tutorial of rsgrpc. The README of this crate walks through it.

pub mod demo;
pub mod flags;
pub mod output;

mod chat;
mod notifications;
mod store;
mod topic;
mod uploads;
mod users;
mod users_v2;
mod validation;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rsgrpc::{BuildError, Server};

use example::v1::{ChatMessage, Notification};
use example::{v1, v2};
use store::Store;
use topic::Topic;

/// The generated code, in modules that follow the proto packages.
pub mod example {
    /// `package example.v1`.
    pub mod v1 {
        rsgrpc::include_proto!("example.v1");
    }
    /// `package example.v2`.
    pub mod v2 {
        rsgrpc::include_proto!("example.v2");
    }
}

/// What the services share.
#[derive(Debug)]
pub struct App {
    store: Arc<Store>,
    changes: Arc<Topic<Notification>>,
    room: Arc<Topic<ChatMessage>>,
}

impl App {
    /// Keeps the users in this file, or in memory.
    ///
    /// # Errors
    ///
    /// The file cannot be opened or is no database.
    pub fn open(file: Option<&Path>) -> rusqlite::Result<Self> {
        let store = Arc::new(Store::open(file)?);
        Ok(Self { store, changes: Arc::new(Topic::new()), room: Arc::new(Topic::new()) })
    }

    /// All services on one server.
    ///
    /// # Errors
    ///
    /// Two services have the same name.
    pub fn server(&self) -> Result<Server, BuildError> {
        let (store, changes, room) = (self.store.clone(), self.changes.clone(), self.room.clone());
        Server::builder()
            .add_service(v1::UserServiceServer::new(users::Users { store, changes }))
            .add_service(v1::NotificationServiceServer::new(notifications::Notifications {
                changes: self.changes.clone(),
            }))
            .add_service(v1::DataUploadServiceServer::new(uploads::Uploads))
            .add_service(v1::ChatServiceServer::new(chat::Chat { room }))
            .add_service(v2::UserServiceServer::new(users_v2::UsersV2 { store: self.store.clone() }))
            .shutdown_grace(Duration::from_secs(5))
            .build()
    }

    /// Ends the streams that would stay open, so that the server need not wait for them when it stops.
    pub fn close(&self) {
        self.changes.close();
        self.room.close();
    }
}
